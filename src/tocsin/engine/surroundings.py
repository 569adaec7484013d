"""What a message tells beside the alert itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tocsin.core.alert import Alert, Change
from tocsin.core.compose import Surroundings
from tocsin.core.dependency import impact
from tocsin.core.finding import Topic
from tocsin.core.run import GOOD, Run
from tocsin.engine.engine import Engine
from tocsin.engine.order import order_below
from tocsin.engine.ways import labels_for
from tocsin.store.protocol import Transaction


@dataclass(frozen=True, kw_only=True)
class Changed:
    """An alert after a change, and what is at hand of its pipeline."""

    alert: Alert
    change: Change
    #: The run that the change is about.
    run: Run | None = None


def surroundings(engine: Engine, tx: Transaction, changed: Changed) -> Surroundings:
    """Return the facts around a changed alert."""
    alert = changed.alert
    waiting = order_below(engine, tx, alert.subject, alert.environment) if alert.topic is Topic.DELIVERY else None
    run = changed.run or (tx.run(alert.run_id) if alert.run_id else None)
    held = run.context.blocks if run is not None else ()
    return Surroundings(
        run=run,
        last_success=_last_success(tx, alert),
        owner=str(labels_for(engine, alert)["owner"]),
        # What the orchestrator knows comes first: it does not start them, whatever the usual order is.
        blocks=tuple(dict.fromkeys((*held, *(impact(alert.subject, waiting) if waiting else ())))),
        learned=tuple(waiting.learned.values()) if waiting else (),
    )


def _last_success(tx: Transaction, alert: Alert) -> Run | None:
    """Return the newest run that went well before the problem."""
    if alert.topic is not Topic.DELIVERY:
        return None
    before = alert.since + timedelta(microseconds=1)
    found = tx.runs(pipeline=alert.subject, environment=alert.environment, outcomes=GOOD, before=before, limit=1)
    return found[0] if found else None
