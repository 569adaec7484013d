"""An alert as a row: in the list of alerts, and in that of a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.core.alert import Alert, State
from tocsin.core.message import Tone
from tocsin.core.notify import Muted
from tocsin.core.outbox import Notification
from tocsin.core.phrases import kind, subject, tone_of_alert
from tocsin.core.words import duration
from tocsin.engine.explain_route import muted_words
from tocsin.web.pages.addresses import new_silence, of_alert
from tocsin.web.pages.who_was_told import Told, in_short


@dataclass(frozen=True, kw_only=True)
class AlertRow:
    """What `templates/alert_rows.html` shows of an alert."""

    id: str
    url: str
    silence: str
    tone: Tone
    #: What is wrong in one or two words, or that it is over.
    state: str
    subject: str
    summary: str
    #: Who takes care of it, what mutes it, or how it ended; empty where none of that is so.
    note: str
    since: datetime
    occurrences: int
    told: Sequence[Told]
    #: Whether it can be acknowledged.
    firing: bool
    open: bool


def row_of(alert: Alert, notifications: Sequence[Notification], muted: Muted | None = None) -> AlertRow:
    """Return an alert as a row.

    Args:
        alert: What to show.
        notifications: What was decided about it, newest first.
        muted: What keeps it from being told.
    """
    return AlertRow(
        id=alert.id,
        url=of_alert(alert.id),
        silence=new_silence(alert.id),
        tone=tone_of_alert(alert),
        state=kind(alert) if alert.open else "over",
        subject=subject(alert),
        summary=alert.summary,
        note=state_note(alert, muted),
        since=alert.since,
        occurrences=alert.occurrences,
        told=in_short(notifications),
        firing=alert.state is State.FIRING,
        open=alert.open,
    )


def state_note(alert: Alert, muted: Muted | None) -> str:
    """Return what became of an alert beside firing, in a few words; empty for nothing."""
    match alert.state:
        case State.RESOLVED:
            lasted = duration((alert.resolved_at or alert.last_at) - alert.since)
            return f"over after {lasted}: {alert.resolution}"
        case State.ACKNOWLEDGED:
            return f"acknowledged by {alert.acknowledged_by}"
    return muted_words(muted) if muted is not None else ""
