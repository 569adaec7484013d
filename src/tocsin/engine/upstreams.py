"""How the upstreams of a pipeline do, as one of its slots sees them."""

from __future__ import annotations

from datetime import datetime

from tocsin.core.dependency import Graph, Hold, Standing, hold
from tocsin.core.finding import Topic, fingerprint
from tocsin.core.run import Outcome
from tocsin.core.slot import Slot
from tocsin.store.protocol import Transaction


def hold_of(graph: Graph, tx: Transaction, slot: Slot, now: datetime) -> Hold | None:
    """Return what holds a slot up, or held it up since it was due; None where nothing did."""
    standings = {upstream: _standing(tx, upstream, slot, now) for upstream in _all_upstreams(slot.pipeline, graph)}
    return hold(slot.pipeline, graph, standings) if standings else None


def _standing(tx: Transaction, upstream: str, slot: Slot, now: datetime) -> Standing:
    environment = slot.environment
    runs = tx.runs(pipeline=upstream, environment=environment, limit=20)
    good = [run.ended_at for run in runs if run.outcome.ok and run.ended_at and run.ended_at >= slot.due_at]
    closed = [
        alert.resolved_at
        for alert in tx.alerts(subject=upstream, limit=5)
        if alert.environment == environment and alert.resolved_at and alert.resolved_at >= slot.due_at
    ]
    open_slots = tx.slots(upstream, environment, unresolved=True, limit=5)
    # Slots outlive a schedule that was taken away, and nobody settles them any more.
    due = any(one.due_at <= now for one in open_slots) and tx.expectation(upstream, environment) is not None
    return Standing(
        troubled=tx.open_alert(fingerprint(Topic.DELIVERY, environment, upstream)) is not None,
        expected=due or any(run.outcome is Outcome.RUNNING for run in runs),
        well_at=min(good + closed, default=None),
    )


def _all_upstreams(pipeline: str, graph: Graph) -> set[str]:
    found: set[str] = set()
    near = {pipeline}
    while near:
        near = {up for name in near for up in graph.upstreams.get(name, ())} - found
        found |= near
    return found
