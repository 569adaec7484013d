"""Tasks that Airflow marks as upstream_failed, of which no callback tells."""

from __future__ import annotations

import uuid
from dataclasses import replace

from tocsin.core.run import Outcome, Run

_BLOCKED = uuid.UUID("5d0a7f5c-6c0b-5b0d-8d2e-0f6f3f1c9a42")


def not_started(failed: Run, name: str, *, because_of: str) -> Run:
    """Return the run that did not begin.

    Args:
        failed: What failed, in the same run of the DAG.
        name: The name of the task that was not started, among all jobs.
        because_of: That of the task that had failed.
    """
    where = failed.context
    names = {key: value for key, value in where.names.items() if key not in {"task_id", "map_index"}}
    logical_id = f"{name}/{names['run_id']}"
    return Run(
        # Several failures may hold up one task, and it is reported with each.
        id=uuid.uuid5(_BLOCKED, f"{failed.environment}/{logical_id}").hex,
        pipeline=name,
        environment=failed.environment,
        started_at=failed.ended_at or failed.started_at,
        ended_at=failed.ended_at or failed.started_at,
        outcome=Outcome.BLOCKED,
        stage=failed.stage,
        logical_id=logical_id,
        note=f"not started: {because_of} failed",
        context=replace(where, names=names, task="", logical_id=None, attempt=1, max_attempts=None, blocks=()),
    )
