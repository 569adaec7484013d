"""How a try of a task ended, and what Airflow does not start because of it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from tocsin.capture.context import given
from tocsin.capture.guards import mark_told, was_told
from tocsin.capture.orchestrators.airflow import describe, job_name
from tocsin.capture.quiet import quiet
from tocsin.capture.recorder import recorder
from tocsin.capture.watch import outcome_of
from tocsin.core.explain import RunFacts, explain
from tocsin.core.run import Outcome, Run
from tocsin.integrations.airflow.not_started import not_started
from tocsin.integrations.airflow.times import in_utc

_ENDS = uuid.UUID("1b1c6a0e-4d1f-5f0a-9a5e-6f2a8c1d7b34")


@quiet
def tell_task(context: Any) -> None:  # noqa: ANN401  # Airflow's mapping, which differs by version
    """Report the try of a task, and where it was the last one the tasks that are not started for want of it.

    Args:
        context: What Airflow gives to the callbacks of a task.
    """
    where = describe(context)
    task = context["ti"]
    # Where Airflow itself has found a task dead there may be no state yet, but its number tells.
    state = getattr(task, "state", None)
    state = getattr(state, "value", state)
    again = state == "up_for_retry" or (state != "failed" and where.attempt < (where.max_attempts or 1))
    with given(where):
        run = _ended(recorder().job(job_name(where.names), in_utc(getattr(task, "start_date", None))), task)
    if state == "success":
        recorder().told([run])
    elif state == "skipped":
        recorder().told([replace(run, outcome=Outcome.ABORTED, note="skipped by itself")])
    else:
        blocked = () if again else where.blocks
        held_up = [not_started(run, name, because_of=run.pipeline) for name in blocked]
        recorder().told([_failed(run, context.get("exception")), *held_up])


def _ended(run: Run, task: Any) -> Run:  # noqa: ANN401  # Airflow's task instance
    """Return a run that has the same id whoever reports this try."""
    run_id = uuid.uuid5(_ENDS, f"{run.environment}/{run.logical_id}/{run.attempt}").hex
    return replace(run, id=run_id, ended_at=in_utc(getattr(task, "end_date", None)), outcome=Outcome.SUCCEEDED)


def _failed(run: Run, error: object) -> Run:
    """Return a run with its error; without one it was not its own process that saw how it ended."""
    run = replace(run, second_hand=True)
    if not isinstance(error, BaseException):
        said = f": {recorder().redact(error)}" if isinstance(error, str) else ""
        return replace(run, outcome=Outcome.DIED, note=f"Airflow found that its process was gone{said}")
    run = replace(
        run,
        outcome=outcome_of(error),
        cause=explain(error, redact=recorder().redact, step=None, facts=RunFacts(pipeline=run.pipeline)),
        # The plugin has seen it on its way through a pipeline, and its message has the same links.
        told_elsewhere=was_told(error),
    )
    mark_told(error)
    return run
