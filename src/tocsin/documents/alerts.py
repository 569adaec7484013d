"""An alert as a document: what it is, who knows of it, and all that became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.core import told_words
from tocsin.core.alert import Alert
from tocsin.core.finding import Topic
from tocsin.core.notify import Reason
from tocsin.core.outbox import Delivery, Notification, Status
from tocsin.core.run import Run
from tocsin.documents.notifications import notification_document
from tocsin.documents.whole import whole
from tocsin.store.protocol import Transaction

_MOST = 1000
_RUNS = 10


@dataclass(frozen=True, kw_only=True)
class ToldDocument:
    """The last that a channel was told of an alert, or else why it was not."""

    channel: str
    status: Status
    reason: Reason
    at: datetime
    tries: int
    error: str


@dataclass(frozen=True, kw_only=True)
class Life:
    """All that is known of an alert."""

    alert: Alert
    #: Runs that showed the problem, newest first, at most ten.
    runs: Sequence[Run]
    #: Decisions to tell or not to tell, oldest first.
    notifications: Sequence[Notification]
    #: Attempts to send each of them, oldest first, by the notification's id.
    deliveries: dict[str, Sequence[Delivery]]


def alert_document(alert: Alert, told: Sequence[ToldDocument]) -> dict[str, object]:
    """Return an alert: every field of `Alert`, `open`, and in `told` who knows."""
    return {**whole(alert), "open": alert.open, "told": told}


def read_alert(tx: Transaction, alert: Alert) -> dict[str, object]:
    """Return the document of an alert, with who knows of it."""
    told = [
        ToldDocument(
            channel=one.channel,
            status=one.status,
            reason=one.reason,
            at=one.created_at,
            tries=one.attempts,
            error=one.last_error,
        )
        for one in last_words(tx, alert)
    ]
    return alert_document(alert, told)


def last_words(tx: Transaction, alert: Alert) -> list[Notification]:
    """Return for each channel the last it was told of an alert, or else why it was not, by channel."""
    return told_words.last_words(tx.notifications(alert_id=alert.id, limit=_MOST))


def read_life(tx: Transaction, alert: Alert) -> Life:
    """Read all that is known of an alert."""
    of_alert = tx.notifications(alert_id=alert.id, limit=_MOST)
    notifications = sorted(of_alert, key=lambda one: (one.created_at, one.seq, one.channel))
    return Life(
        alert=alert,
        runs=_runs_of(tx, alert),
        notifications=notifications,
        deliveries={one.id: tx.deliveries(one.id) for one in notifications},
    )


def life_document(tx: Transaction, life: Life) -> dict[str, object]:
    """Return an alert with its `runs` (ids) and `notifications`, their `deliveries` included."""
    notifications = [notification_document(one, life.deliveries[one.id]) for one in life.notifications]
    return {**read_alert(tx, life.alert), "runs": [run.id for run in life.runs], "notifications": notifications}


def _runs_of(tx: Transaction, alert: Alert) -> list[Run]:
    if alert.topic is not Topic.DELIVERY:
        return []
    of_pipeline = tx.runs(pipeline=alert.subject, environment=alert.environment, limit=_MOST)
    found = [run for run in of_pipeline if run.ended_at is not None and alert.since <= run.ended_at <= alert.last_at]
    return [run for run in found if not run.outcome.ok or run.id == alert.run_id][:_RUNS]
