"""Which run belongs to which slot: the rules one by one, and what holds for any runs at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.attribution import Start, attribute, settle
from tocsin.core.run import Origin, Outcome
from tocsin.core.schedule import parse_schedule
from tocsin.core.slot import Slot, SlotState, expect

DAY = datetime(2026, 11, 23, tzinfo=UTC)


def clock(text: str) -> datetime:
    """Return a time of the day, for example "06:00"."""
    hour, minute = text.split(":")
    return DAY + timedelta(hours=int(hour), minutes=int(minute))


def slots(text: str = "0 5-9 * * *", *, start_within: int = 15, after: datetime = DAY, hours: float = 24) -> list[Slot]:
    """Return the slots of a day; by default one for each hour from 05:00 to 09:00."""
    return list(
        expect(
            parse_schedule(text, timezone="Europe/London"),
            pipeline="orders",
            environment="default",
            after=after,
            until=after + timedelta(hours=hours),
            start_within=timedelta(minutes=start_within),
        )
    )


def start(begins: str, ends: str | None = "", **changes: Any) -> Start:
    """Return a run that went well, named after its start; without an end it takes a minute, with None it runs."""
    made: dict[str, Any] = {"logical_id": begins, "started_at": clock(begins)}
    if ends is not None:
        ended_at = clock(ends) if ends else made["started_at"] + timedelta(minutes=1)
        made |= {"ended_at": ended_at, "outcome": Outcome.SUCCEEDED}
    return Start(**(made | changes))


def by_hand(begins: str, ends: str | None = "") -> Start:
    """Return a run that a person started."""
    return start(begins, ends, origin=Origin.PERSON, logical_id=f"{begins} by hand")


def told(slots: Sequence[Slot], *starts: Start) -> dict[str, str]:
    """Return the attribution by the time at which a slot is due."""
    names = {slot.id: f"{slot.due_at:%H:%M}" for slot in slots}
    return {names[slot_id]: run.logical_id for slot_id, run in attribute(slots, starts).items()}


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        # On time, a little early, a little late.
        ([start("05:00"), start("05:58"), start("07:12")], {"05:00": "05:00", "06:00": "05:58", "07:00": "07:12"}),
        # Nobody came at 05:00; whoever comes at 06:20 is for 06:00.
        ([start("06:20")], {"06:00": "06:20"}),
        # Long after the last slot of the day a run is still the late one for it.
        ([start("17:00")], {"09:00": "17:00"}),
        # Before the first slot opens nothing is expected.
        ([start("01:00")], {}),
        # A second run in the same gap, and the slot before was met: it is extra.
        ([start("05:00"), start("06:00"), start("06:30")], {"05:00": "05:00", "06:00": "06:00"}),
        # A scheduler that stood still catches up: the first run is for the latest slot, the others for those before.
        (
            [start("07:10"), start("07:12"), start("07:14"), start("07:16")],
            {"07:00": "07:10", "06:00": "07:12", "05:00": "07:14"},
        ),
        # A hole behind a slot that was met in its own time stays a hole.
        (
            [start("06:00"), start("07:00"), start("07:30")],
            {"06:00": "06:00", "07:00": "07:00"},
        ),
        # The hole right before the run's own slot is made up for.
        ([start("07:00"), start("07:30")], {"07:00": "07:00", "06:00": "07:30"}),
        # Early and on time: the early one has the slot, and the other makes up for the missing one before.
        ([start("05:50"), start("06:00")], {"06:00": "05:50", "05:00": "06:00"}),
        # Runs longer than the gap, one over the other: each slot has its run.
        (
            [start("05:00", "06:20"), start("06:00", "07:20"), start("07:00", None)],
            {"05:00": "05:00", "06:00": "06:00", "07:00": "07:00"},
        ),
        # A run that begins early while another one is going waits for who comes by itself.
        (
            [start("05:00", "06:10"), start("05:50", "05:55"), start("06:12")],
            {"05:00": "05:00", "06:00": "06:12"},
        ),
        # A person's run counts where nothing else came…
        ([by_hand("05:20")], {"05:00": "05:20 by hand"}),
        # …and not where a run by schedule did, be it later, and be it while the person's run is going.
        ([by_hand("05:10"), start("05:40")], {"05:00": "05:40"}),
        ([start("05:00"), by_hand("05:55", "06:30"), start("06:01")], {"05:00": "05:00", "06:00": "06:01"}),
        # A backfill is for other days.
        ([start("05:00", origin=Origin.BACKFILL)], {}),
    ],
)
def test_the_rules(starts: list[Start], expected: dict[str, str]) -> None:
    """Each rule, and the case it is for."""
    assert told(slots(), *starts) == expected


def test_a_retry_keeps_the_slot() -> None:
    """Attempts of one logical run are one run: the second attempt at 06:05 is still the run of 05:00."""
    first = start("05:00", "05:04", outcome=Outcome.FAILED, logical_id="nightly")
    second = start("06:05", "06:20", logical_id="nightly")

    attribution = attribute(slots(), [second, first])

    assert list(attribution) == ["default/orders/2026-11-23T05:00:00Z"]
    (run,) = attribution.values()
    assert (run.started_at, run.ended_at, run.outcome) == (clock("05:00"), clock("06:20"), Outcome.SUCCEEDED)


def states(slots: Sequence[Slot], *starts: Start, now: str) -> list[str]:
    """Return what became of the slots."""
    return [str(slot.state) for slot in settle(slots, starts, now=clock(now))]


@pytest.mark.parametrize(
    ("starts", "now", "expected"),
    [
        # Nothing is due.
        ([], "04:00", ["expected", "expected", "expected"]),
        # The grace of the first slot has passed, and its run may still come…
        ([], "05:30", ["expected", "expected", "expected"]),
        # …until the next slot is due.
        ([], "06:00", ["missed", "expected", "expected"]),
        # Runs that go, went well and failed.
        (
            [start("05:00"), start("06:01", outcome=Outcome.FAILED), start("07:00", None)],
            "07:05",
            "done failed started",
        ),
        # A run that is late is met all the same.
        ([start("05:40")], "05:50", ["done", "expected", "expected"]),
        # The run of 05:00 was going at 06:00: the scheduler starts no second one.
        ([start("05:00", "06:40"), start("07:00")], "07:05", ["done", "covered", "done"]),
        # It is going still; whether 06:00 gets a run of its own is open until its grace has passed.
        ([start("05:00", None)], "06:10", ["started", "expected", "expected"]),
        ([start("05:00", None)], "06:20", ["started", "covered", "expected"]),
        # A backfill that was going explains nothing.
        ([start("04:50", "09:00", origin=Origin.BACKFILL)], "06:20", ["missed", "expected", "expected"]),
    ],
)
def test_what_becomes_of_slots(starts: list[Start], now: str, expected: list[str] | str) -> None:
    """A slot is what its run is; without one it is waited for, rightly passed over or missed."""
    expected = expected.split() if isinstance(expected, str) else expected

    assert states(slots("0 5-7 * * *"), *starts, now=now) == expected


def test_several_slots_within_the_grace_need_one_run() -> None:
    """With a slot every five minutes and half an hour of grace, a run at 05:12 is what three slots wait for."""
    made = slots("*/5 5 * * *", start_within=30)[:4]

    assert states(made, start("05:12"), now="05:46") == ["covered", "covered", "done", "expected"]
    assert states(made, now="05:46") == ["missed", "missed", "missed", "expected"]


def test_a_late_report_mends_the_past() -> None:
    """A run whose report was stuck in a spool turns a missed slot into one that was met."""
    made = slots("0 5-7 * * *")

    missed = settle(made, [start("06:00")], now=clock("06:30"))
    mended = settle(missed, [start("06:00"), start("05:01")], now=clock("06:40"))

    assert [slot.state for slot in missed] == [SlotState.MISSED, SlotState.DONE, SlotState.EXPECTED]
    assert [slot.state for slot in mended] == [SlotState.DONE, SlotState.DONE, SlotState.EXPECTED]
    assert mended[0].logical_id == "05:01"


def test_what_nobody_looked_at_is_unknown_and_not_missed() -> None:
    """A slot that passed while nobody looked is waited for like any other, then unknown, and met by a late report."""
    made = [replace(slot, unwatched=True) for slot in slots("0 5-7 * * *")]

    unknown = settle(made, [start("06:00")], now=clock("07:30"))
    mended = settle(unknown, [start("06:00"), start("05:01")], now=clock("07:40"))

    assert [slot.state for slot in unknown] == [SlotState.UNKNOWN, SlotState.DONE, SlotState.EXPECTED]
    assert mended[0].state is SlotState.DONE


#: Days of both changes of the clock, and an ordinary one; hourly, irregular and daily schedules.
some_slots = st.builds(
    lambda text, after, hours: slots(text, after=after, hours=hours),
    st.sampled_from(["0 * * * *", "30 1 * * *", "*/10 1-3 * * *", "0 1,2,7 * * *", "every 37m", "*:0/30"]),
    st.sampled_from([DAY, datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)]),
    st.integers(8, 30),
)


@st.composite
def some_starts(draw: st.DrawFn, made: Sequence[Slot]) -> list[Start]:
    """Draw attempts around the slots: several of one logical run, equal moments, overlaps, all origins."""
    begin = made[0].due_at - timedelta(hours=3)
    minutes = st.integers(0, int((made[-1].due_at - begin) / timedelta(minutes=1)) + 180)
    origins = dict(zip("abcdefghijkl", draw(st.lists(st.sampled_from(Origin), min_size=12, max_size=12)), strict=True))
    starts = []
    for _ in range(draw(st.integers(0, 12))):
        started_at = begin + timedelta(minutes=draw(minutes))
        length = draw(st.none() | st.integers(0, 200))
        starts.append(
            Start(
                logical_id=(logical_id := draw(st.sampled_from("abcdefghijkl"))),
                started_at=started_at,
                ended_at=None if length is None else started_at + timedelta(minutes=length),
                outcome=Outcome.RUNNING if length is None else draw(st.sampled_from([Outcome.SUCCEEDED, Outcome.DIED])),
                origin=origins[logical_id],
            )
        )
    return starts


@given(st.data(), some_slots)
def test_the_order_of_arrival_does_not_matter(data: st.DataObject, made: list[Slot]) -> None:
    """Any permutation of the same reports gives the same attribution and the same states."""
    starts = data.draw(some_starts(made))
    shuffled = data.draw(st.permutations(starts))
    now = made[len(made) // 2].due_at

    assert attribute(made, shuffled) == attribute(made, starts)
    assert settle(made, shuffled, now=now) == settle(made, starts, now=now)


@given(st.data(), some_slots)
def test_slots_and_runs_are_paired(data: st.DataObject, made: list[Slot]) -> None:
    """No run has two slots, none has one that was not open yet, none is a backfill; settling again changes nothing."""
    starts = data.draw(some_starts(made))
    attribution = attribute(made, starts)
    opened = {slot.id: slot.opens_at for slot in made}
    settled = settle(made, starts, now=made[-1].due_at)

    assert len({run.logical_id for run in attribution.values()}) == len(attribution)
    assert all(opened[slot_id] <= run.started_at for slot_id, run in attribution.items())
    assert all(run.origin is not Origin.BACKFILL for run in attribution.values())
    assert {slot.id: slot.logical_id for slot in settled if slot.logical_id} == {
        slot_id: run.logical_id for slot_id, run in attribution.items()
    }
    assert settle(settled, starts, now=made[-1].due_at) == settled


@given(st.data(), some_slots)
def test_what_people_start_takes_no_slot_from_the_schedule(data: st.DataObject, made: list[Slot]) -> None:
    """The slots of runs by schedule are the same with and without the runs that people started."""
    starts = data.draw(some_starts(made))
    hands = {start.logical_id for start in starts if start.origin is Origin.PERSON}
    alone = [start for start in starts if start.logical_id not in hands]

    with_hands = attribute(made, starts)
    assert {slot_id: run for slot_id, run in with_hands.items() if run.logical_id not in hands} == attribute(
        made, alone
    )


@given(st.data(), some_slots)
def test_an_ordinary_day_is_told_as_it_was(data: st.DataObject, made: list[Slot]) -> None:
    """Where each run starts between its slot's opening and the next one's, only what was left out is missed."""
    shares = st.none() | st.floats(0, 0.99)
    starts = []
    for slot, following in zip(made, [*made[1:], None], strict=True):
        room = following.opens_at - slot.opens_at if following else timedelta(minutes=30)
        share = data.draw(shares)
        if share is not None:
            starts.append(Start(logical_id=slot.id, started_at=slot.opens_at + room * share, ended_at=slot.due_at))

    assert {slot_id: run.logical_id for slot_id, run in attribute(made, starts).items()} == {
        start.logical_id: start.logical_id for start in starts
    }


@given(st.data(), some_slots)
def test_the_past_may_be_cut_off_at_a_slot_that_was_met_in_time(data: st.DataObject, made: list[Slot]) -> None:
    """From a slot whose run came before the next one opened, attribution does not need to know what was before."""
    starts = data.draw(some_starts(made))
    attribution = attribute(made, starts)
    cuts = [
        place
        for place, (slot, following) in enumerate(pairwise(made))
        if (run := attribution.get(slot.id)) and run.started_at < following.opens_at
    ]
    cut = data.draw(st.sampled_from(cuts or [0]))
    opened = made[cut].opens_at
    lately = {s.logical_id for s in starts if s.started_at >= opened or s.ended_at is None or s.ended_at > opened}

    later = attribute(made[cut:], [start for start in starts if start.logical_id in lately])

    assert later == {slot.id: attribution[slot.id] for slot in made[cut:] if slot.id in attribution}
