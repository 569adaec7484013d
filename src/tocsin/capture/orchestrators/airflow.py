"""Airflow: the task that runs in this process, or that started it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tocsin.capture.links import web_link
from tocsin.core.run import Context, DeclaredSchedule
from tocsin.core.words import moment

#: Where `get_current_context` lives: in Airflow 3, where an attribute of `airflow.sdk` would be an import…
_MODULE = "airflow.sdk.definitions.context"
#: …and in Airflow 2, without the standard provider and with it. Airflow 3 warns of whoever looks there.
_MODULES_OF_2 = ("airflow.operators.python", "airflow.providers.standard.operators.python")
#: Rules by which a task is not started once one of those before it has failed.
_NEEDS_SUCCESS = {"all_success", "none_failed", "none_failed_min_one_success"}
#: Tasks that a report names as blocked.
_BLOCKED = 50
#: Airflow's name for the owner of what nobody owns.
_NOBODY = "airflow"


def detect(environ: Mapping[str, str], modules: Mapping[str, Any]) -> Context | None:
    """Ask Airflow for the current task, else read what a BashOperator hands to its process."""
    for name in (_MODULE,) if _MODULE in modules else _MODULES_OF_2:
        context = _current_context(modules.get(name))
        if context is not None:
            return describe(context)
    return _from_environment(environ) if "AIRFLOW_CTX_TASK_ID" in environ else None


def _current_context(module: Any) -> Any:  # noqa: ANN401  # a mapping of Airflow's
    try:
        return module.get_current_context()
    except Exception:  # noqa: BLE001  # outside of a task Airflow raises; its exception class differs by version
        return None


def describe(context: Any) -> Context:  # noqa: ANN401  # see _current_context
    """Describe the try of a task, as the context says that Airflow gives to tasks and to their callbacks."""
    task = context["ti"]
    names = {"dag_id": str(task.dag_id), "task_id": str(task.task_id), "run_id": str(task.run_id)}
    # Airflow numbers the instances of a mapped task; -1 means that the task is not mapped.
    map_index = getattr(task, "map_index", -1)
    if map_index is not None and map_index >= 0:
        names["map_index"] = str(map_index)
    # max_tries counts the tries after the first one.
    attempt, attempts = int(task.try_number), int(task.max_tries) + 1
    number = f", number {map_index}" if "map_index" in names else ""
    return Context(
        orchestrator="airflow",
        links=web_link("Airflow log", task.log_url),
        owner=_owner(task),
        names=names | _names_of_run(context),
        task=f"{task.task_id}{number} of Airflow DAG {task.dag_id}, "
        f"{_when(context, task.run_id)}try {attempt} of {attempts}",
        logical_id="/".join(names.values()),
        attempt=attempt,
        max_attempts=attempts,
        retry_delay=_retry_delay(task),
        schedule=_schedule(context),
        blocks=tuple(name for name, _ in zip(_blocked(task), range(_BLOCKED), strict=False)),
    )


def describe_dag(context: Any) -> Context:  # noqa: ANN401  # see _current_context
    """Describe the run of a DAG, as the context says that Airflow gives to the callbacks of DAGs."""
    dag_id, run_id = str(context["dag"].dag_id), str(context["run_id"])
    log = str(getattr(context.get("ti"), "log_url", ""))
    # Airflow 2 has no address of a run that is not one of a task.
    page, of_task, _ = log.partition("/tasks/")
    return Context(
        orchestrator="airflow",
        links=web_link("Airflow log", log) + web_link("Airflow run", of_task and page),
        names={"dag_id": dag_id, "run_id": run_id} | _names_of_run(context),
        task=f"Airflow DAG {dag_id}, {_when(context, run_id)}".removesuffix(", "),
        logical_id=f"{dag_id}/{run_id}",
        schedule=_schedule(context),
    )


def job_name(names: Mapping[str, str]) -> str:
    """Return the name of a task among all jobs: "shop.publish", and "shop.publish[3]" where it is mapped."""
    number = f"[{names['map_index']}]" if "map_index" in names else ""
    return f"{names['dag_id']}.{names['task_id']}{number}"


def _names_of_run(context: Any) -> dict[str, str]:  # noqa: ANN401  # see _current_context
    """Return what kind of run of the DAG it is, and for which date."""
    date = _logical_date(context)
    return _run_type(context) | ({"logical_date": date.isoformat()} if date else {})


def _when(context: Any, run_id: object) -> str:  # noqa: ANN401  # see _current_context
    """Return "logical date 23 Nov 2026 06:00:00 UTC, scheduled, ", with what is known of that."""
    date = _logical_date(context)
    said = [f"logical date {moment(date)}" if date else f"run {run_id}", *_run_type(context).values()]
    return "".join(f"{part}, " for part in said if part)


def _logical_date(context: Any) -> datetime | None:  # noqa: ANN401  # see _current_context
    """Return the date for which the DAG runs; None where it has none, as with assets."""
    with suppress(Exception):
        date = context["logical_date"] if "logical_date" in context else context["dag_run"].logical_date
        # One of pendulum's, of which nothing is needed that the standard library's does not have.
        return datetime.fromtimestamp(date.timestamp(), UTC)
    return None


def _owner(task: Any) -> str:  # noqa: ANN401  # see _current_context
    with suppress(Exception):
        return "" if task.task.owner == _NOBODY else str(task.task.owner)
    return ""


def _blocked(task: Any) -> Iterator[str]:  # noqa: ANN401  # see _current_context
    """Yield the jobs that Airflow does not start where this task fails for good, nearest first."""
    with suppress(Exception):
        near, seen = [task.task], set[str]()
        while near:
            near = [after for each in near for after in each.downstream_list if _needs_success(after)]
            near = list({after.task_id: after for after in near if after.task_id not in seen}.values())
            seen.update(after.task_id for after in near)
            yield from (f"{task.dag_id}.{after.task_id}" for after in near)


def _needs_success(task: Any) -> bool:  # noqa: ANN401  # see _current_context
    return getattr(task.trigger_rule, "value", task.trigger_rule) in _NEEDS_SUCCESS


def _run_type(context: Any) -> dict[str, str]:  # noqa: ANN401  # see _current_context
    """Return "scheduled", "manual" or "backfill", among others."""
    with suppress(Exception):
        run_type = context["dag_run"].run_type
        return {"run_type": str(getattr(run_type, "value", run_type))}
    return {}


def _retry_delay(task: Any) -> timedelta | None:  # noqa: ANN401  # see _current_context
    """Return the pause before the next try; None where it grows from try to try."""
    with suppress(Exception):
        delay = task.task.retry_delay
        if isinstance(delay, timedelta) and not task.task.retry_exponential_backoff:
            return delay
    return None


def _schedule(context: Any) -> DeclaredSchedule | None:  # noqa: ANN401  # see _current_context
    """Return what the DAG's timetable says; an empty text where it follows no clock, as with assets.

    A timetable of Airflow 3 has `expression`, `timezone` and `delta`, and one of Airflow 2 the same with an underscore.
    """
    with suppress(Exception):
        dag = context["dag"]
        timetable = dag.timetable
        delta = _either(timetable, "delta")
        text = (
            f"every {delta.total_seconds():.0f}s" if isinstance(delta, timedelta) else _either(timetable, "expression")
        )
        zone = _either(timetable, "timezone") or dag.timezone
        return DeclaredSchedule(
            text=text if isinstance(text, str) else "",
            timezone=str(getattr(zone, "name", zone)),
            source=f"Airflow DAG {dag.dag_id}",
        )
    return None


def _either(timetable: Any, name: str) -> Any:  # noqa: ANN401  # see _current_context
    return getattr(timetable, name, getattr(timetable, f"_{name}", None))


def _from_environment(environ: Mapping[str, str]) -> Context:
    dag_id, task_id = environ["AIRFLOW_CTX_DAG_ID"], environ["AIRFLOW_CTX_TASK_ID"]
    run_id, attempt = environ["AIRFLOW_CTX_DAG_RUN_ID"], int(environ.get("AIRFLOW_CTX_TRY_NUMBER", "1"))
    dag, task, run = (quote(name, safe="") for name in (dag_id, task_id, run_id))
    # The pages of Airflow 3 and 2; each names its own address by a different setting, and only if that is a variable.
    url = None
    if base := environ.get("AIRFLOW__API__BASE_URL", "").rstrip("/"):
        url = f"{base}/dags/{dag}/runs/{run}/tasks/{task}?try_number={attempt}"
    elif base := environ.get("AIRFLOW__WEBSERVER__BASE_URL", "").rstrip("/"):
        url = f"{base}/dags/{dag}/grid?dag_run_id={run}&task_id={task}&tab=logs"
    return Context(
        orchestrator="airflow",
        links=web_link("Airflow log", url),
        names={
            "dag_id": dag_id,
            "task_id": task_id,
            "run_id": run_id,
            # Airflow begins the names of runs with how they came about, unless somebody chose another name.
            "run_type": run_id.partition("__")[0],
        },
        task=f"{task_id} of Airflow DAG {dag_id}, run {run_id}, try {attempt}",
        logical_id=f"{dag_id}/{task_id}/{run_id}",
        attempt=attempt,
    )
