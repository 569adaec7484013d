"""Has a table gone without new rows for too long?"""

from __future__ import annotations

from datetime import datetime

from tocsin.core.alert import Alert
from tocsin.core.finding import Finding, Kind, Topic, Trait
from tocsin.core.freshness import Freshness
from tocsin.core.severity import Severity
from tocsin.core.words import count, duration, moment


def judge_stale(fresh: Freshness, now: datetime, *, delivery: Alert | None) -> Finding:
    """Return that a table is stale.

    Args:
        fresh: What is known of the table.
        now: The present, aware.
        delivery: The open alert about the pipeline's delivery, or None. With it the stale table is a consequence: it is
            kept and shown, and told only if it outlasts its cause.
    """
    last = fresh.rows_at or fresh.since
    if fresh.empty_runs:
        since_then = f"{count(fresh.empty_runs, 'run')} went well and brought nothing for this table"
        hint = (
            "The pipeline works and its source sends nothing: look there, and at what limits the query, such as the "
            f"cursor of an incremental resource. The runs: tocsin runs --pipeline {fresh.pipeline}"
        )
    else:
        since_then = "no run went well"
        hint = f"No run has brought rows since. What is known: tocsin show {fresh.pipeline}"
    return _finding(
        fresh,
        kind=Kind.STALE,
        severity=Severity.INFO if delivery is not None else Severity.ERROR,
        at=now,
        summary=f"no new rows for {duration(now - last)}, {duration(fresh.within)} are allowed",
        hint=hint,
        evidence={
            "Last rows": moment(fresh.rows_at) if fresh.rows_at else f"none since {moment(fresh.since)}",
            "Since then": since_then,
            **({"Because": f"{fresh.pipeline}: {delivery.summary}"} if delivery is not None else {}),
        },
    )


def judge_fresh(fresh: Freshness, rows: int, run_id: str) -> Finding:
    """Return that a stale table has got rows.

    Args:
        fresh: What is known of the table since.
        rows: How many it got.
        run_id: The run that brought them.
    """
    return _finding(
        fresh,
        kind=Kind.RECOVERED,
        severity=Severity.INFO,
        at=fresh.rows_at or fresh.since,
        summary=f"a run brought {count(rows, 'row')}",
        run_id=run_id,
    )


def nobody_asks(fresh: Freshness, now: datetime) -> Finding:
    """Return that the age of a table is no concern any more, as the configuration has changed."""
    return _finding(
        fresh, kind=Kind.RECOVERED, severity=Severity.INFO, at=now, summary="nobody asks for its age any more"
    )


def limit_changed(fresh: Freshness, now: datetime) -> Finding:
    """Return that a table is fresh by the time that is allowed now."""
    return _finding(
        fresh,
        kind=Kind.RECOVERED,
        severity=Severity.INFO,
        at=now,
        summary=f"{duration(fresh.within)} without rows are allowed now",
    )


def _finding(
    fresh: Freshness,
    *,
    kind: Kind,
    severity: Severity,
    at: datetime,
    summary: str,
    hint: str = "",
    evidence: dict[str, str] | None = None,
    run_id: str | None = None,
) -> Finding:
    return Finding(
        kind=kind,
        topic=Topic.FRESHNESS,
        subject=fresh.pipeline,
        environment=fresh.environment,
        item=fresh.table,
        severity=severity,
        at=at,
        summary=summary,
        hint=hint,
        reason_key="stale",
        run_id=run_id,
        # Found again while it lasts, it is the same problem and not one more.
        logical_id=f"without rows since {fresh.rows_at or fresh.since}",
        evidence=evidence or {},
        traits={Trait.TABLE.value: fresh.table},
    )
