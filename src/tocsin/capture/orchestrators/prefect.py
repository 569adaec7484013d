"""Prefect: the flow and the task that run here, or the flow that started this process."""

from __future__ import annotations

from collections.abc import Mapping
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
    names: dict[str, str] = {}
    attempt = max_attempts = 1
    links: tuple[Link, ...] = ()
    logical_id = ""
    if flow is not None:
        names |= {"flow": flow.flow.name, "flow_run": flow.flow_run.name, "run_id": str(flow.flow_run.id)}
        attempt, max_attempts = flow.flow_run.run_count, (flow.flow.retries or 0) + 1
        logical_id = str(flow.flow_run.id)
        # Without a configured address this URL begins with "None" and is no link.
        links = web_link("Prefect flow run", runtime.flow_run.ui_url)
    if task is not None:
        names |= {"task": task.task.name, "task_run": task.task_run.name}
        # A flow is tried again after its task has used up its own tries, and the task begins at 1 again.
        tries = (task.task.retries or 0) + 1
        attempt, max_attempts = (attempt - 1) * tries + task.task_run.run_count, max_attempts * tries
        # The id of a task run changes when its flow is tried again; the task's name does not.
        logical_id = f"{logical_id}/{task.task.name}" if flow is not None else str(task.task_run.id)
        links = web_link("Prefect task run", getattr(runtime.task_run, "ui_url", None)) + links
    return Context(
        orchestrator="prefect",
        links=links,
        names=names,
        logical_id=logical_id,
        attempt=max(attempt, 1),
        max_attempts=max_attempts,
    )


def _from_environment(environ: Mapping[str, str]) -> Context:
    flow_run_id = environ["PREFECT__FLOW_RUN_ID"]
    base = environ.get("PREFECT_UI_URL", "").rstrip("/")
    return Context(
        orchestrator="prefect",
        links=web_link("Prefect flow run", base and f"{base}/runs/flow-run/{flow_run_id}"),
        names={"run_id": flow_run_id},
        logical_id=flow_run_id,
    )
