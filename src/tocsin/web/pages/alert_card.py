"""An open alert as a card: on the overview, in lists, on the page of its pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.core.alert import Alert, State
from tocsin.core.message import Tone
from tocsin.core.outbox import Notification
from tocsin.core.phrases import kind, problem, subject, tone_of_alert
from tocsin.core.told_words import last_words, who_knows
from tocsin.web.pages.addresses import of_alert

#: The newest decisions about an alert that are looked through for who knows of it.
READ = 20


@dataclass(frozen=True, kw_only=True)
class AlertCard:
    """What `templates/alert_card.html` shows."""

    id: str
    tone: Tone
    subject: str
    problem: str
    summary: str
    hint: str
    since: datetime
    #: Who knows of it, in a sentence.
    known: str
    acknowledged: bool
    #: Open alerts of the same kind and cause that this card stands for too.
    alike: Sequence[Alike] = ()


@dataclass(frozen=True, kw_only=True)
class Alike:
    """An alert that is named on the card of another."""

    subject: str
    url: str


def card_of(alert: Alert, notifications: Sequence[Notification], alike: Sequence[Alert] = ()) -> AlertCard:
    """Return an alert as a card.

    Args:
        alert: What to show.
        notifications: What was decided about it, newest first: see `READ`.
        alike: What the card stands for too.
    """
    told = f"Told: {who_knows(last_words(notifications))}."
    by = f" Acknowledged by {alert.acknowledged_by}." if alert.state is State.ACKNOWLEDGED else ""
    return AlertCard(
        id=alert.id,
        tone=tone_of_alert(alert),
        subject=subject(alert),
        problem=kind(alert) if alike else problem(alert),
        summary=alert.summary,
        hint=alert.hint,
        since=alert.since,
        known=told + by,
        acknowledged=alert.state is State.ACKNOWLEDGED,
        alike=[Alike(subject=subject(one), url=of_alert(one.id)) for one in alike],
    )
