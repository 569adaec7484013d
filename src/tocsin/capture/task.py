"""A task of an orchestrator that ran in this process and of which nothing is known before its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tocsin.capture.guards import mark_told, was_told
from tocsin.capture.quiet import quiet
from tocsin.capture.recorder import recorder
from tocsin.capture.watch import outcome_of
from tocsin.core.explain import RunFacts, explain
from tocsin.core.run import Outcome


@quiet
def report_task(
    name: str, *, started_at: datetime, error: BaseException | None = None, outcome: Outcome | None = None
) -> None:
    """Report how a task ended, unless its error has been told, by the pipeline inside of it for one.

    Args:
        name: Alerts and history belong to this name.
        started_at: When it began, aware.
        error: What it raised; None where it went well.
        outcome: How it ended, where the orchestrator knows better than the error does.
    """
    if error is not None and was_told(error):
        return
    run = replace(recorder().job(name, started_at), ended_at=datetime.now(UTC), outcome=outcome or outcome_of(error))
    if error is not None:
        run = replace(run, cause=explain(error, redact=recorder().redact, facts=RunFacts(pipeline=name)))
        mark_told(error)
    recorder().report(run)
