"""An expected run as a document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tocsin.core.slot import Slot, SlotState


@dataclass(frozen=True, kw_only=True)
class SlotDocument:
    """An expected run, and what became of it."""

    due_at: datetime
    start_by: datetime
    finish_by: datetime | None
    state: SlotState
    #: The run that it became.
    logical_id: str | None
    schedule: str
    timezone: str


def slot_document(slot: Slot) -> SlotDocument:
    """Return an expected run."""
    return SlotDocument(
        due_at=slot.due_at,
        start_by=slot.start_by,
        finish_by=slot.finish_by,
        state=slot.state,
        logical_id=slot.logical_id,
        schedule=slot.schedule.text,
        timezone=slot.schedule.timezone,
    )
