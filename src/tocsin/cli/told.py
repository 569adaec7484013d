"""Who knows of an alert."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.cli.screen import Column, Row
from tocsin.cli.wording import short, subject_cell
from tocsin.core.alert import Alert
from tocsin.core.outbox import Notification, Status
from tocsin.core.phrases import kind, minute
from tocsin.documents.alerts import last_words
from tocsin.store.protocol import Transaction

COLUMNS = (
    Column(name="Subject"),
    Column(name="Problem"),
    Column(name="Times", right=True),
    Column(name="Since (UTC)"),
    Column(name="State"),
    Column(name="Alert"),
    Column(name="Acknowledged by", below="acknowledged by"),
    Column(name="Why", below=""),
    Column(name="Told", below="told:"),
)


def alert_row(tx: Transaction, alert: Alert) -> Row:
    """Return what a list shows of an alert, for `COLUMNS`."""
    return (
        subject_cell(alert),
        kind(alert),
        f"{alert.occurrences:,}",
        minute(alert.since),
        alert.state.value,
        short(alert.id),
        alert.acknowledged_by or "",
        alert.summary,
        who_knows(last_words(tx, alert)),
    )


def who_knows(words: Sequence[Notification]) -> str:
    """Return "slack, pager (waiting after 2 tries: 503 …)"."""
    return ", ".join(_knows(one) for one in words) or "nobody, because there was no channel"


def progress(one: Notification) -> str:
    """Return where a message is on its way, in words."""
    because = f": {one.last_error}" if one.last_error else ""
    tries = f" after {one.attempts:,} {'try' if one.attempts == 1 else 'tries'}" if one.attempts else ""
    match one.status:
        case Status.WAITING:
            return f"waiting{tries}{because}"
        case Status.DEAD:
            return f"given up{tries}{because}"
    return one.status.value


def _knows(one: Notification) -> str:
    if one.status is Status.SENT:
        return one.channel
    if one.status is Status.GROUPED and one.group_id is not None:
        return f"{one.channel} (in group {short(one.group_id)})"
    return f"{one.channel} ({one.reason if one.status is Status.NOT_TOLD else progress(one)})"
