"""How a try of a task ended, and what Airflow does not start because of it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tocsin.capture.context import given
from tocsin.capture.guards import mark_told, was_told
from tocsin.capture.orchestrators.airflow import describe, job_name
from tocsin.capture.quiet import quiet
from tocsin.capture.recorder import recorder
from tocsin.capture.watch import outcome_of
from tocsin.core.explain import RunFacts, explain
from tocsin.core.run import Context, Outcome, Run

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
    state = getattr(task.state, "value", task.state)
    again = state == "up_for_retry" or (state != "failed" and where.attempt < (where.max_attempts or 1))
    with given(where):
        run = _ended(recorder().job(job_name(where.names), _utc(task.start_date)), task)
    if state == "success":
        recorder().told([run])
    elif state == "skipped":
        recorder().told([replace(run, outcome=Outcome.ABORTED, note="skipped by itself")])
    else:
        recorder().told([_failed(run, context.get("exception")), *(() if again else _blocked(run))])


def _ended(run: Run, task: Any) -> Run:  # noqa: ANN401  # Airflow's task instance
    """Return a run that has the same id whoever reports this try."""
    run_id = uuid.uuid5(_ENDS, f"{run.environment}/{run.logical_id}/{run.attempt}").hex
    return replace(run, id=run_id, ended_at=_utc(task.end_date), outcome=Outcome.SUCCEEDED)


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


def _blocked(run: Run) -> list[Run]:
    """Return what Airflow marks as upstream_failed, without asking any callback: nothing of it was started."""
    return [_not_started(run, name) for name in run.context.blocks]


def _not_started(upstream: Run, name: str) -> Run:
    where = upstream.context
    logical_id = f"{name}/{where.names['run_id']}"
    return Run(
        id=uuid.uuid5(_ENDS, f"{upstream.environment}/{logical_id}/blocked").hex,
        pipeline=name,
        environment=upstream.environment,
        started_at=upstream.ended_at or upstream.started_at,
        ended_at=upstream.ended_at,
        outcome=Outcome.BLOCKED,
        stage=upstream.stage,
        logical_id=logical_id,
        note=f"not started: {upstream.pipeline} failed",
        context=Context(orchestrator=where.orchestrator, names=_names_of_dag_run(where), schedule=where.schedule),
    )


def _names_of_dag_run(where: Context) -> dict[str, str]:
    return {name: value for name, value in where.names.items() if name not in {"task_id", "map_index"}}


def _utc(moment: datetime | None) -> datetime:
    """Return a time of Airflow's as the standard library has it; the present where Airflow has none yet."""
    return datetime.fromtimestamp(moment.timestamp(), UTC) if moment is not None else datetime.now(UTC)
