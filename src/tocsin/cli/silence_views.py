"""Silences, and what they mute, as commands show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tocsin.cli import told
from tocsin.cli.screen import Cell, Column, Row, Screen
from tocsin.cli.wording import short
from tocsin.core.alert import Alert
from tocsin.core.message import Tone
from tocsin.core.phrases import kind, minute, pipeline, stamp, subject
from tocsin.core.silence import Silence, State
from tocsin.core.words import listing
from tocsin.store.protocol import Transaction

if TYPE_CHECKING:
    from tocsin.engine.silences import Preview

_SHOWN = 10
_TONES = {State.ACTIVE: Tone.WARNING, State.PENDING: Tone.INFO, State.EXPIRED: Tone.GOOD}

COLUMNS = (
    Column(name="Silence"),
    Column(name="State"),
    Column(name="From (UTC)"),
    Column(name="Until (UTC)"),
    Column(name="By"),
    Column(name="Mutes", below="mutes"),
    Column(name="Reason", below="because"),
    Column(name="Ended by", below="ended by"),
)


def silence_row(silence: Silence, now: datetime) -> Row:
    """Return what a list shows of a silence, for `COLUMNS`."""
    state = silence.state(now)
    return (
        Cell(text=short(silence.id), tone=_TONES[state]),
        state.value,
        minute(silence.starts_at),
        minute(silence.over_at),
        silence.author,
        ", ".join(map(str, silence.matchers)) or "everything",
        silence.reason,
        silence.ended_by or "",
    )


def show_preview(screen: Screen, tx: Transaction, found: Preview) -> None:
    """Show what conditions fit."""
    screen.heading("Open alerts that fit")
    _show_alerts(screen, tx, found.alerts)
    screen.heading(f"Alerts since {stamp(found.since)} UTC that are over and fit")
    _show_alerts(screen, tx, found.over)
    screen.heading("Pipelines that fit")
    screen.line(", ".join(pipeline(*pair) for pair in found.pipelines) or "None.")


def named(alerts: Sequence[Alert]) -> str:
    """Return "orders failed (alert 1a2b3c4d)" for each, or "none"."""
    shown = [f"{subject(alert)} {kind(alert)} (alert {short(alert.id)})" for alert in alerts]
    return listing(shown, most=_SHOWN) or "none"


def _show_alerts(screen: Screen, tx: Transaction, alerts: Sequence[Alert]) -> None:
    if alerts:
        screen.table(told.COLUMNS, [told.alert_row(tx, alert) for alert in alerts])
    else:
        screen.line("None.")
