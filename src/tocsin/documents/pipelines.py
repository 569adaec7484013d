"""How a pipeline stands, as a document."""

from __future__ import annotations

from tocsin.core.overview import Standing
from tocsin.documents.alerts import read_alert
from tocsin.documents.runs import run_document
from tocsin.store.protocol import Transaction


def pipeline_document(tx: Transaction, standing: Standing) -> dict[str, object]:
    """Return a pipeline: its `run` that began last, its open `alerts`, and when it is expected next.

    `state` is the kind of its worst open alert, else how the last run ended; null where it never ran.
    """
    return {
        "pipeline": standing.pipeline,
        "environment": standing.environment,
        "state": _state(standing),
        "run": run_document(standing.run) if standing.run is not None else None,
        "alerts": [read_alert(tx, alert) for alert in standing.alerts],
        "next_due_at": standing.expectation.next_slot_at if standing.expectation is not None else None,
    }


def _state(standing: Standing) -> str | None:
    if standing.alerts:
        return max(standing.alerts, key=lambda alert: alert.severity.order).kind
    return standing.run.outcome if standing.run is not None else None
