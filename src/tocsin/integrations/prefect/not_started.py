"""Tasks of a flow that Prefect did not start, because one that they wait for had failed."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Collection
from dataclasses import replace
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from tocsin.capture.orchestrators.prefect import job_name
from tocsin.capture.quiet import quiet
from tocsin.capture.recorder import recorder
from tocsin.core.run import Context, Outcome, Run, Stage

_IDS = uuid.UUID("8c0f6b52-0b52-5a0e-9a0d-6e1f3d2b4c77")
#: Task runs of a flow run that are looked at: as many as Prefect returns at once.
_MOST = 200
_NOT_READY = "NotReady"
#: Seconds between two questions.
_PAUSE = 0.5
#: What Prefect says of a task that was not started.
_UPSTREAM = re.compile(r"Upstream task run '([0-9a-f-]{36})'")
#: What Prefect adds to the name of a task for the name of its run.
_SUFFIX = re.compile(r"-[0-9a-f]{3}$")


def not_started(where: Context, flow_run_id: UUID) -> list[Run]:
    """Return what the tasks of a flow run were that did not start; nothing where Prefect does not answer in time.

    Args:
        where: The context of the flow run.
        flow_run_id: Its id.
    """
    patience = recorder().config.budget.total_seconds()
    tasks: dict[str, Any] = {}
    # In a thread, because the client has an idea of its own of how long to wait.
    asking = threading.Thread(
        target=_ask, args=(flow_run_id, tasks, time.monotonic() + patience), name="tocsin-prefect", daemon=True
    )
    asking.start()
    asking.join(patience)
    seen = dict(tasks)
    return [_blocked(where, task, seen) for task in seen.values() if task.state and task.state.name == _NOT_READY]


@quiet
def _ask(flow_run_id: UUID, tasks: dict[str, Any], until: float) -> None:
    """Read the tasks, until twice in a row nothing has changed: Prefect writes their states down a little later."""
    of_flow = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
    before: Collection[object] | None = None
    with get_client(sync_client=True) as client:
        while time.monotonic() < until:
            found = client.read_task_runs(flow_run_filter=of_flow, limit=_MOST)
            tasks.update({str(task.id): task for task in found})
            now = {(task.id, task.state_name) for task in found}
            if now == before and all(_is_over(task.state) for task in found):
                return
            before = now
            time.sleep(_PAUSE)


def _is_over(state: Any) -> bool:  # noqa: ANN401  # a State of Prefect's, or None
    return state is not None and (state.is_final() or state.name == _NOT_READY)


def _blocked(where: Context, task: Any, tasks: dict[str, Any]) -> Run:  # noqa: ANN401  # a TaskRun of Prefect's
    name = _SUFFIX.sub("", task.name)
    context = replace(
        where,
        names={**where.names, "task": name, "task_run": task.name},
        task=f"task {name} of {where.task}",
        logical_id=f"{where.logical_id}/{name}",
    )
    pipeline, environment = job_name(context.names), recorder().environment
    upstream = _UPSTREAM.search(task.state.message or "")
    because = tasks.get(upstream[1]) if upstream else None
    failed = f"{where.names['flow']}.{_SUFFIX.sub('', because.name)}" if because is not None else "what it waits for"
    return Run(
        id=uuid.uuid5(_IDS, f"{task.id}\0{where.attempt}").hex,
        pipeline=pipeline,
        environment=environment,
        started_at=task.state.timestamp,
        ended_at=task.state.timestamp,
        outcome=Outcome.BLOCKED,
        stage=Stage.BEFORE,
        logical_id=f"{context.logical_id}/{pipeline}",
        attempt=where.attempt,
        context=context,
        note=f"not started, because {failed} failed",
        second_hand=True,
    )
