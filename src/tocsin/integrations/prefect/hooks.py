"""Flows and tasks tell of their own end."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from prefect.context import FlowRunContext
from prefect.utilities.urls import url_for

from tocsin.capture.context import given
from tocsin.capture.links import web_link
from tocsin.capture.orchestrators.prefect import describe, job_name
from tocsin.capture.quiet import quiet
from tocsin.capture.recorder import recorder
from tocsin.capture.task import report_task
from tocsin.core.exit_code import signal_name
from tocsin.core.explain.told import explain_told
from tocsin.core.run import Context, Outcome
from tocsin.integrations.prefect.not_started import not_started
from tocsin.integrations.prefect.state import error_of

#: What Prefect says of a flow whose process ended without a word.
_EXIT_CODE = re.compile(r"exited with (?:non-zero )?status code:? (-?\d+)")


def flow_hooks() -> dict[str, list[Callable[[Any, Any, Any], None]]]:
    """Return all hooks of a flow: `@flow(**flow_hooks())`. The one for success ends what the others have told."""
    names = ("on_failure", "on_crashed", "on_cancellation", "on_completion")
    return {name: [tocsin_flow_ended] for name in names}


def task_hooks() -> dict[str, list[Callable[[Any, Any, Any], None]]]:
    """Return all hooks of a task: `@task(**task_hooks())`. Prefect tells tasks of the last attempt only."""
    return {name: [tocsin_task_ended] for name in ("on_failure", "on_completion")}


# Prefect's runner passes the arguments of a flow's hook by these names.
def tocsin_flow_ended(flow: Any, flow_run: Any, state: Any) -> None:  # noqa: ANN401  # objects of Prefect
    """Report how a flow ended, and which of its tasks were not started. Never raises."""
    _tell_flow(flow, flow_run, state)


def tocsin_task_ended(task: Any, task_run: Any, state: Any) -> None:  # noqa: ANN401  # objects of Prefect
    """Report how a task ended. Never raises."""
    _tell_task(task, task_run, state)


@quiet
def _tell_flow(flow: Any, flow_run: Any, state: Any) -> None:  # noqa: ANN401  # as above
    where = describe(flow=flow, flow_run=flow_run, links=web_link("Prefect flow run", url_for(flow_run)))
    inside = FlowRunContext.get() is not None
    _tell(where, flow_run, state, first_hand=inside)
    if not state.is_completed():
        recorder().told(not_started(where, flow_run.id))


@quiet
def _tell_task(task: Any, task_run: Any, state: Any) -> None:  # noqa: ANN401  # as above
    around = FlowRunContext.get()
    links = web_link("Prefect task run", url_for(task_run))
    if around is not None:
        links += web_link("Prefect flow run", url_for(around.flow_run))
    where = describe(
        flow=around.flow if around is not None else None,
        flow_run=around.flow_run if around is not None else None,
        task=task,
        task_run=task_run,
        links=links,
    )
    _tell(where, task_run, state, first_hand=True)


def _tell(where: Context, run: Any, state: Any, *, first_hand: bool) -> None:  # noqa: ANN401  # as above
    name, began = job_name(where.names), run.start_time or state.timestamp
    error = None if state.is_completed() else error_of(state)
    with given(where):
        if state.is_completed():
            report_task(name, started_at=began)
        elif error is not None:
            report_task(name, started_at=began, error=error, outcome=_outcome(state))
        else:
            _tell_without_error(name, began, state, first_hand=first_hand)


def _tell_without_error(name: str, began: datetime, state: Any, *, first_hand: bool) -> None:  # noqa: ANN401
    """Report an end of which there is a sentence only: where the process died, it is the runner that tells."""
    said = state.message or state.name
    code = _EXIT_CODE.search(said)
    died = state.is_crashed() and not first_hand
    run = recorder().job(name, began)
    ended = replace(
        run,
        ended_at=datetime.now(UTC),
        outcome=Outcome.DIED if died else _outcome(state) or Outcome.FAILED,
        second_hand=True,
        # What goes on in there, as far as is known, will be found dead by itself.
        parts=(run.context.logical_id,) if died and run.context.logical_id else (),
        cause=None if died else explain_told(said, redact=recorder().redact),
        ended_by=_ended_by(int(code[1])) if died and code else None,
    )
    recorder().told([ended])


def _outcome(state: Any) -> Outcome | None:  # noqa: ANN401  # as above
    """Return how it ended, where that is not for the error to say."""
    return Outcome.INTERRUPTED if state.is_cancelled() or state.is_cancelling() else None


def _ended_by(code: int) -> str:
    return signal_name(-code) if code < 0 else f"exit code {code}"
