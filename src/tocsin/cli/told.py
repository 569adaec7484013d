"""Who knows of an alert."""

from __future__ import annotations

from tocsin.cli.screen import Column, Row
from tocsin.cli.wording import short, subject_cell
from tocsin.core.alert import Alert
from tocsin.core.phrases import kind, minute
from tocsin.core.told_words import who_knows
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
