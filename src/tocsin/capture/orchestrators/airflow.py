"""Airflow: the task that runs in this process, or that started it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from tocsin.capture.links import web_link
from tocsin.core.run import Context, DeclaredSchedule

#: Where `get_current_context` lives: Airflow 3, Airflow 2, and 2 with the standard provider. In Airflow 3 this module,
#: and not `airflow.sdk`, is looked at, because an attribute of `airflow.sdk` is an import.
_MODULES = (
    "airflow.sdk.definitions.context",
    "airflow.operators.python",
    "airflow.providers.standard.operators.python",
)


def detect(environ: Mapping[str, str], modules: Mapping[str, Any]) -> Context | None:
    """Ask Airflow for the current task, else read what a BashOperator hands to its process."""
    for name in _MODULES:
        context = _current_context(modules.get(name))
        if context is not None:
            return _from_context(context)
    return _from_environment(environ) if "AIRFLOW_CTX_TASK_ID" in environ else None


def _current_context(module: Any) -> Any:  # noqa: ANN401  # a mapping of Airflow's
    try:
        return module.get_current_context()
    except Exception:  # noqa: BLE001  # outside of a task Airflow raises; its exception class differs by version
        return None


def _from_context(context: Any) -> Context:  # noqa: ANN401  # see _current_context
    task = context["ti"]
    names = {"dag_id": str(task.dag_id), "task_id": str(task.task_id), "run_id": str(task.run_id)}
    # Airflow numbers the instances of a mapped task; -1 means that the task is not mapped.
    map_index = getattr(task, "map_index", -1)
    if map_index is not None and map_index >= 0:
        names["map_index"] = str(map_index)
    return Context(
        orchestrator="airflow",
        links=web_link("Airflow log", task.log_url),
        names=names | _run_type(context),
        logical_id="/".join(names.values()),
        attempt=int(task.try_number),
        # max_tries counts the tries after the first one.
        max_attempts=int(task.max_tries) + 1,
        retry_delay=_retry_delay(task),
        schedule=_schedule(context),
    )


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
        # Airflow begins the names of runs with how they came about, unless somebody chose another name.
        names={"dag_id": dag_id, "task_id": task_id, "run_id": run_id, "run_type": run_id.partition("__")[0]},
        logical_id=f"{dag_id}/{task_id}/{run_id}",
        attempt=attempt,
    )
