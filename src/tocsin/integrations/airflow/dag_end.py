"""How a run of a DAG ended, where that is more than how its tasks did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tocsin.capture.context import given
from tocsin.capture.orchestrators.airflow import describe_dag, job_name
from tocsin.capture.quiet import quiet
from tocsin.capture.recorder import recorder
from tocsin.core.cause import Cause, CauseClass
from tocsin.core.run import Outcome, Run
from tocsin.core.words import listing
from tocsin.integrations.airflow.not_started import not_started
from tocsin.integrations.airflow.times import in_utc

#: Airflow's names for the ends of a run, beside `task_failure`.
_SUCCESS, _TIMED_OUT, _DEADLOCK = "success", "timed_out", "all_tasks_deadlocked"
_SAID = {
    _TIMED_OUT: (CauseClass.INTERRUPTED, "it took longer than its dagrun_timeout, and Airflow ended it"),
    _DEADLOCK: (CauseClass.CONFIGURATION, "no task can start any more, as each waits for one that will not run"),
}
_NAMED = 5


@quiet
def tell_dag(context: Any) -> None:  # noqa: ANN401  # Airflow's mapping, which differs by version
    """Report the run of a DAG. Of failed tasks that were told by themselves nobody hears a second time.

    Args:
        context: What Airflow gives to the callbacks of a DAG: that of the task that decided it, and a `reason`.
    """
    where = describe_dag(context)
    began = getattr(context.get("dag_run"), "start_date", None)
    with given(where):
        run = recorder().job(where.names["dag_id"], in_utc(began))
    run = replace(run, ended_at=datetime.now(UTC), outcome=Outcome.SUCCEEDED)
    if context["reason"] == _SUCCESS:
        recorder().told([run])
    else:
        states, dag = _states(context), context["dag"]
        held_up = [_held_up(run, dag, task, states) for task, state in states.items() if state == "upstream_failed"]
        recorder().told([_failed(run, str(context["reason"]), dag, states, held_up), *held_up])


def _failed(run: Run, reason: str, dag: Any, states: Mapping[str, str], held_up: Sequence[Run]) -> Run:  # noqa: ANN401
    failed = [task for task, state in states.items() if state == "failed"]
    if reason in _SAID:
        failed = []
    cause_class, message = _SAID.get(reason, (CauseClass.CODE, f"{listing(failed, most=_NAMED)} failed"))
    hint = "The log of each failed task tells why. A task with callbacks() tells it by itself, unless it was killed."
    return replace(
        run,
        outcome=Outcome.FAILED,
        second_hand=True,
        # The ids under which the tasks report themselves.
        parts=tuple(
            "/".join((dag.dag_id, name, run.context.names["run_id"], *number))
            for name, *number in (_named(dag, task) for task in failed)
        ),
        cause=Cause(cause_class=cause_class, exception=reason, message=message, hint=hint if failed else ""),
        context=replace(run.context, blocks=tuple(each.pipeline for each in held_up)),
    )


def _held_up(run: Run, dag: Any, task: str, states: Mapping[str, str]) -> Run:  # noqa: ANN401  # Airflow's DAG
    name, *number = _named(dag, task)
    above = dag.get_task(name).get_flat_relative_ids(upstream=True)
    failed = sorted({_named(dag, each)[0] for each, state in states.items() if state == "failed"} & {*above})
    ids = {"dag_id": dag.dag_id, "task_id": name, **({"map_index": number[0]} if number else {})}
    return not_started(run, job_name(ids), because_of=f"{dag.dag_id}.{listing(failed, most=1)}")


def _named(dag: Any, task: str) -> tuple[str, ...]:  # noqa: ANN401  # Airflow's DAG
    """Return the id of a task, and its number where it is mapped: Airflow says "send_3" of those among the others."""
    name, _, number = task.rpartition("_")
    return (task,) if dag.has_task(task) else (name, number)


def _states(context: Any) -> Mapping[str, str]:  # noqa: ANN401  # see tell_dag
    """Return how each task ended, by its id; without the task of the context nobody can be asked."""
    task = context.get("ti")
    with suppress(Exception):
        if hasattr(task, "get_task_states"):
            return dict(task.get_task_states(dag_id=task.dag_id, run_ids=[task.run_id])[task.run_id])
        # Airflow 2.
        return {str(each.task_id): str(each.state) for each in context["dag_run"].get_task_instances()}
    return {str(task.task_id): "failed"} if task is not None else {}
