"""Decisions to tell or not to tell, with what the receivers answered, as documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.core.notify import Reason
from tocsin.core.outbox import Delivery, Notification, Status


@dataclass(frozen=True, kw_only=True)
class NotificationDocument:
    """One decision about one channel, and the attempts to send it."""

    #: The idempotency key that receivers see.
    id: str
    channel: str
    #: The alert, or the group of alerts, that it is about.
    alert_id: str | None
    reason: Reason
    #: What muted it, where that has a name.
    because: str
    status: Status
    at: datetime
    #: How often the same decision was taken.
    times: int
    tries: int
    due_at: datetime
    error: str
    #: Of the message; null where nothing is told.
    title: str | None
    #: Oldest first.
    deliveries: tuple[Delivery, ...]


def notification_document(one: Notification, deliveries: Sequence[Delivery]) -> NotificationDocument:
    """Return a decision with its attempts."""
    return NotificationDocument(
        id=one.id,
        channel=one.channel,
        alert_id=one.alert_id,
        reason=one.reason,
        because=one.because,
        status=one.status,
        at=one.created_at,
        times=one.times,
        tries=one.attempts,
        due_at=one.due_at,
        error=one.last_error,
        title=one.message.title if one.message else None,
        deliveries=tuple(deliveries),
    )
