"""Slots as a schedule makes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.codec import decode, encode
from tocsin.core.schedule import parse_schedule
from tocsin.core.slot import Slot, SlotState, expect

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)


def slots(text: str, *, after: datetime = MIDNIGHT, hours: float = 24, timezone: str = "UTC") -> list[Slot]:
    """Return the slots of "orders" for some hours."""
    return list(
        expect(
            parse_schedule(text, timezone=timezone),
            pipeline="orders",
            environment="prod",
            after=after,
            until=after + timedelta(hours=hours),
            start_within=timedelta(minutes=15),
            finish_within=timedelta(hours=2),
        )
    )


def test_a_slot_says_when_its_run_should_start_and_finish() -> None:
    """Grace and time to finish count from the moment at which the slot is due."""
    (slot,) = slots("0 6 * * *")

    assert slot.id == "prod/orders/2026-11-23T06:00:00Z"
    assert slot.due_at == MIDNIGHT.replace(hour=6)
    assert (slot.start_by, slot.finish_by) == (MIDNIGHT.replace(hour=6, minute=15), MIDNIGHT.replace(hour=8))
    assert (slot.state, slot.logical_id) == (SlotState.EXPECTED, None)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        # A quarter of the gap…
        ("0 * * * *", [15, 15]),
        ("0 1,3 * * *", [15, 30]),
        # …and never more than an hour.
        ("0 6,18 * * *", [60, 60]),
        # The gap before the first slot begins where watching does.
        ("4,44 * * * *", [1, 10]),
    ],
)
def test_a_slot_opens_a_little_early(text: str, minutes: list[float]) -> None:
    """How early a run may come follows the gap before the slot, so that it is never nearer to the one before."""
    made = slots(text)[: len(minutes)]

    assert [(slot.due_at - slot.opens_at) / timedelta(minutes=1) for slot in made] == minutes


def test_slots_are_the_same_from_wherever_they_are_computed() -> None:
    """Going on after a known slot gives the slots that one computation gives, ids included, a clock set or not."""
    eve = datetime(2026, 10, 24, 20, tzinfo=UTC)
    together = slots("*/30 * * * *", after=eve, hours=12, timezone="Europe/Berlin")

    apart = slots("*/30 * * * *", after=eve, hours=4, timezone="Europe/Berlin")
    apart += slots("*/30 * * * *", after=apart[-1].due_at, hours=8, timezone="Europe/Berlin")

    assert apart == together
    assert len({slot.id for slot in together}) == 24


def test_until_is_included_and_after_is_not() -> None:
    """Whoever goes on from slot to slot meets each of them once."""
    assert [slot.due_at.hour for slot in slots("0 * * * *", hours=2)] == [1, 2]


@pytest.mark.parametrize(
    ("state", "resolved"),
    [
        (SlotState.EXPECTED, False),
        (SlotState.STARTED, False),
        (SlotState.DONE, True),
        (SlotState.FAILED, True),
        (SlotState.COVERED, True),
        (SlotState.MISSED, True),
        (SlotState.UNKNOWN, True),
    ],
)
def test_a_slot_is_open_until_something_is_known(state: SlotState, *, resolved: bool) -> None:
    """Only slots that wait for a start or an end are unresolved."""
    assert state.resolved is resolved


@pytest.mark.parametrize(
    ("last_look", "now", "left_out"),
    [
        # The grace ends at 06:15: it was looked at after that, or it has not come.
        ("06:16", "07:00", False),
        ("05:00", "06:15", False),
        # Looks that are no further apart than the grace is long are as good as any.
        ("06:10", "06:24", False),
        # From shortly before its end on, or from long before.
        ("06:14", "06:30", True),
        ("01:00", "23:00", True),
        # The clock was set back.
        ("07:00", "06:30", False),
    ],
)
def test_what_passes_while_nobody_looks_is_left_out(last_look: str, now: str, *, left_out: bool) -> None:
    """Whether a slot was watched is a question of the looks around the end of its grace."""
    (slot,) = slots("0 6 * * *")
    moments = [MIDNIGHT.replace(hour=int(text[:2]), minute=int(text[3:])) for text in (last_look, now)]

    assert slot.is_left_out(*moments) is left_out


def test_looks_once_a_minute_leave_out_nothing() -> None:
    """A grace of nothing is no reason to call what cron does an outage."""
    (slot,) = slots("0 6 * * *")
    hasty = replace(slot, start_by=slot.due_at)

    assert not hasty.is_left_out(slot.due_at - timedelta(seconds=30), slot.due_at + timedelta(seconds=45))
    assert hasty.is_left_out(slot.due_at - timedelta(seconds=30), slot.due_at + timedelta(seconds=100))


def test_a_slot_can_be_stored() -> None:
    """A slot comes back from JSON as it was."""
    (slot,) = slots("0 6 * * *")

    assert decode(Slot, encode(slot)) == slot
