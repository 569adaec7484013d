"""The latest expected runs of a pipeline, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.cli.screen import Cell, Column, Row, Screen
from tocsin.cli.wording import short
from tocsin.core.phrases import minute, tone_of_slot
from tocsin.core.slot import Slot
from tocsin.store.protocol import Transaction

_MOST = 10
_COLUMNS = (Column(name="Due (UTC)"), Column(name="Became"), Column(name="Run"), Column(name="Schedule", below=""))


def read_slots(tx: Transaction, pipeline: str, environment: str) -> Sequence[Slot]:
    """Return the latest slots of a pipeline, newest first."""
    return tx.slots(pipeline, environment, limit=_MOST)


def show_slots(screen: Screen, slots: Sequence[Slot]) -> None:
    """Show slots, if there are any."""
    if slots:
        screen.heading("Expected runs")
        screen.table(_COLUMNS, [_row(slot) for slot in slots])


def _row(slot: Slot) -> Row:
    became = Cell(text=slot.state.value, tone=tone_of_slot(slot.state))
    schedule = f"{slot.schedule.text}, {slot.schedule.timezone}"
    return minute(slot.due_at), became, short(slot.logical_id or ""), schedule
