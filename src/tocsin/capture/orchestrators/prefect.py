"""Prefect: the flow and the task that run here, or the flow that started this process."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tocsin.capture.links import web_link
from tocsin.core.run import Context, Link


def detect(environ: Mapping[str, str], modules: Mapping[str, Any]) -> Context | None:
    """Read Prefect's contexts.

    They are in `prefect.context`: outside of a flow `prefect.runtime` would ask the server, over the network.
    """
    context = modules.get("prefect.context")
    flow = context.FlowRunContext.get() if context else None
    task = context.TaskRunContext.get() if context else None
    if flow is not None or task is not None:
        return _from_contexts(flow, task, modules.get("prefect.runtime"))
    return _from_environment(environ) if environ.get("PREFECT__FLOW_RUN_ID") else None


def _from_contexts(flow: Any, task: Any, runtime: Any) -> Context:  # noqa: ANN401  # objects of Prefect
    links: tuple[Link, ...] = ()
    if flow is not None:
        # Without a configured address this URL begins with "None" and is no link.
        links = web_link("Prefect flow run", runtime.flow_run.ui_url)
    if task is not None:
        links = web_link("Prefect task run", getattr(runtime.task_run, "ui_url", None)) + links
    return describe(
        flow=flow.flow if flow is not None else None,
        flow_run=flow.flow_run if flow is not None else None,
        task=task.task if task is not None else None,
        task_run=task.task_run if task is not None else None,
        links=links,
    )


def describe(
    *,
    flow: Any = None,  # noqa: ANN401  # objects of Prefect
    flow_run: Any = None,  # noqa: ANN401
    task: Any = None,  # noqa: ANN401
    task_run: Any = None,  # noqa: ANN401
    links: tuple[Link, ...],
) -> Context:
    """Describe an attempt of a flow, or of a task in it, or of a task without a flow."""
    names: dict[str, str] = {}
    attempt = max_attempts = 1
    logical_id = said = ""
    delay = None
    if flow is not None:
        names |= {"flow": flow.name, "flow_run": flow_run.name, "run_id": str(flow_run.id)}
        attempt, max_attempts = flow_run.run_count, (flow.retries or 0) + 1
        logical_id, delay = str(flow_run.id), _retry_delay(flow)
        said = f"Prefect flow {flow.name}, flow run {flow_run.name}"
    if task is not None:
        names |= {"task": task.name, "task_run": task_run.name}
        # A flow is tried again after its task has used up its own tries, and the task begins at 1 again.
        tries = (task.retries or 0) + 1
        attempt, max_attempts = (attempt - 1) * tries + task_run.run_count, max_attempts * tries
        # The id of a task run changes when its flow is tried again; the task's name does not.
        logical_id = f"{logical_id}/{task.name}" if flow is not None else str(task_run.id)
        delay = _retry_delay(task) if task_run.run_count < tries else delay
        said = f"task {task.name} of {said}" if said else f"Prefect task {task.name}"
    return Context(
        orchestrator="prefect",
        links=links,
        names=names,
        task=said,
        logical_id=logical_id,
        attempt=max(attempt, 1),
        max_attempts=max_attempts,
        retry_delay=delay,
    )


def job_name(names: Mapping[str, str]) -> str:
    """Return what a flow or a task is called in alerts: "nightly", "nightly.load"."""
    return ".".join(names[kind] for kind in ("flow", "task") if kind in names)


def _retry_delay(repeated: Any) -> timedelta | None:  # noqa: ANN401  # a flow or a task
    """Return the pause before the next try; None where it is another one each time, or left to chance."""
    seconds = getattr(repeated, "retry_delay_seconds", None)
    steady = isinstance(seconds, int | float) and not getattr(repeated, "retry_jitter_factor", None)
    return timedelta(seconds=seconds) if steady and seconds is not None else None


def _from_environment(environ: Mapping[str, str]) -> Context:
    flow_run_id = environ["PREFECT__FLOW_RUN_ID"]
    base = environ.get("PREFECT_UI_URL", "").rstrip("/")
    return Context(
        orchestrator="prefect",
        links=web_link("Prefect flow run", base and f"{base}/runs/flow-run/{flow_run_id}"),
        names={"run_id": flow_run_id},
        logical_id=flow_run_id,
    )
