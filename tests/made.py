"""Runs, findings and alerts with everything filled in that a test does not care about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.core.alert import Alert, advance
from tocsin.core.cause import Cause, CauseClass
from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.run import Outcome, Run, Stage
from tocsin.core.severity import Severity

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """Return a moment so many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def cause(**changes: Any) -> Cause:
    """Return the cause of a server that answers 503."""
    made = Cause(
        cause_class=CauseClass.SERVER_ERROR,
        exception="requests.exceptions.HTTPError",
        message="503 Server Error: Service Unavailable for url: https://api.example.com/orders",
        hint="The server has a problem of its own: run the pipeline again later.",
        transient=True,
        step="extract",
        resource="orders",
        url="https://api.example.com/orders",
        location="orders.py:41 in fetch",
        chain=("PipelineStepFailed", "ResourceExtractionError", "HTTPError"),
        traceback='Traceback (most recent call last):\n  File "orders.py", line 41, in fetch\nHTTPError: 503',
    )
    return replace(made, **changes)


def run(run_id: str = "run1", *, ended: float = 1.0, **changes: Any) -> Run:
    """Return a run of the pipeline "orders" that failed, `ended` minutes after noon."""
    made = Run(
        id=run_id,
        pipeline="orders",
        environment="default",
        started_at=at(ended - 1),
        ended_at=at(ended),
        outcome=Outcome.FAILED,
        stage=Stage.EXTRACT,
        logical_id=run_id,
        destination="duckdb",
        dataset="shop",
        cause=cause(),
    )
    return replace(made, **changes)


def good_run(run_id: str = "run2", *, ended: float = 5.0, **changes: Any) -> Run:
    """Return a run of the pipeline "orders" that went well."""
    changes = {"outcome": Outcome.SUCCEEDED, "stage": Stage.LOAD, "cause": None} | changes
    return run(run_id, ended=ended, **changes)


def finding(**changes: Any) -> Finding:
    """Return the finding that "orders" failed at noon."""
    made = Finding(
        kind=Kind.FAILED,
        topic=Topic.DELIVERY,
        subject="orders",
        environment="default",
        severity=Severity.ERROR,
        at=NOON,
        summary="extract of orders failed: 503 Server Error",
        hint="Run it again later.",
        reason_key="503",
        stage=Stage.EXTRACT,
        run_id="run1",
        logical_id="run1",
    )
    return replace(made, **changes)


def alert(**changes: Any) -> Alert:
    """Return the open alert of that finding."""
    made, _ = advance(None, finding(), new_id="alert1")
    assert made is not None
    return replace(made, **changes)
