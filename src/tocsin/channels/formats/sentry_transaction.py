"""A run as a transaction of Sentry, with a span for each of its steps."""

from __future__ import annotations

from datetime import datetime

from tocsin.channels.base import Outgoing
from tocsin.channels.formats.literal import one_line
from tocsin.channels.formats.sentry_run import frame_of, id_of, rows_of, status_of, tags_of, trace_of
from tocsin.core.run import Run, Stage, Step


def transaction(outgoing: Outgoing, run: Run, *, release: str) -> dict[str, object]:
    """Return a run that has ended (https://develop.sentry.dev/sdk/data-model/event-payloads/transaction).

    With `plain` it has no spans. All times are those of the pipeline's own clock.
    """
    ended = run.ended_at or run.started_at
    made = frame_of(
        outgoing.key,
        at=ended.timestamp(),
        environment=run.environment,
        release=release,
        host=run.context.host,
    )
    figures: dict[str, object] = {"rows": run.rows, "attempt": run.attempt, "run_id": run.id}
    return {
        **made,
        "type": "transaction",
        "transaction": one_line(run.pipeline),
        "transaction_info": {"source": "task"},
        "start_timestamp": run.started_at.timestamp(),
        "tags": tags_of(run),
        "contexts": {"trace": {**trace_of(run), "op": "run", "status": status_of(run), "data": figures}},
        "measurements": {"rows": {"value": run.rows, "unit": "none"}},
        "spans": [] if outgoing.plain else [_span(run, step, ended) for step in run.steps],
    }


def _span(run: Run, step: Step, run_ended: datetime) -> dict[str, object]:
    """Return one step; the one that did not come to its end ended with the run, and as the run did."""
    trace = trace_of(run)
    went_well = step.ok and step.ended_at is not None
    made: dict[str, object] = {
        "trace_id": trace["trace_id"],
        "parent_span_id": trace["span_id"],
        "span_id": id_of("step", run.id, step.stage, step.started_at.isoformat())[:16],
        "op": f"run.{step.stage}",
        "description": f"{step.stage} of {one_line(run.pipeline)}",
        "start_timestamp": step.started_at.timestamp(),
        "timestamp": max(step.ended_at or run_ended, step.started_at).timestamp(),
        "status": "ok" if went_well else status_of(run),
        "tags": tags_of(run),
    }
    if step.stage is Stage.LOAD and (rows := rows_of(run)):
        made["data"] = {f"rows.{table}": number for table, number in rows.items()}
    return made
