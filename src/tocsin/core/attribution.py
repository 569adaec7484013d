"""Which run belongs to which slot, and what became of the slots.

The rules look at facts only, so the order in which reports arrive changes nothing.

1.  Logical runs are attributed, not attempts: a retry keeps the slot of the first attempt.
2.  A run belongs to at most one slot, and a slot to at most one run: to the one that started first.
3.  The slot of a run is the last one that has opened when the run starts. A slot opens a little before it is due
    (`tocsin.core.slot`), so a run at 05:58 counts for 06:00, and a run at 09:00 is the late one of 06:00.
4.  Where that slot has its run, the run makes up for the nearest slot before it that has none, but reaches over no
    slot whose run came in time, that is before the next slot opened. So a scheduler that catches up on three slots
    after a standstill meets all three, and a second run at noon does not fill the hole of last week.
5.  Runs by schedule choose first; then those of them that began while another was going; then those that a person
    started. So an additional run gets only what would have no run otherwise.
6.  A backfill loads the data of other days and belongs to no slot.

A slot without a run is rightly passed over, and nobody is alerted, if a run was going when it was due (the run takes
longer than the gap, and the scheduler starts no second one), or if one began between its opening and `start_by`
(several slots are due within the grace, and the run met a later one of them). Backfills do not count here either.
"""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from tocsin.core.run import Origin, Outcome, Run
from tocsin.core.slot import Slot, SlotState

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_AFTER_ALL = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Start:
    """What attribution has to know of one attempt of a run."""

    logical_id: str
    started_at: datetime
    #: None while it runs.
    ended_at: datetime | None = None
    outcome: Outcome = Outcome.RUNNING
    origin: Origin = Origin.SCHEDULE


def start_of(run: Run) -> Start:
    """Return what attribution has to know of a run."""
    return Start(
        logical_id=run.logical_id or run.id,
        started_at=run.started_at,
        ended_at=run.ended_at,
        outcome=run.outcome,
        origin=run.origin,
    )


def attribute(slots: Sequence[Slot], starts: Iterable[Start]) -> Mapping[str, Start]:
    """Return which run belongs to which slot, by the rules above.

    Args:
        slots: Successive slots of one pipeline by the time they are due, resolved ones included. The first one should
            have been met in time or be the first of all: what a run makes up for before it is not seen.
        starts: The attempts of that pipeline that were going or began since the first slot opened, in any order.

    Returns:
        For the ids of slots their logical runs, from the start of the first attempt to the end of the last one.
        Slots and runs that stay alone are missing.
    """
    return _attribute(slots, _counting(starts))


def settle(slots: Sequence[Slot], starts: Sequence[Start], *, now: datetime) -> list[Slot]:
    """Return the slots, each with its run and what became of it.

    That follows from the facts alone: a run that is reported late, by a spool that was drained late, turns a slot
    that was missed into one that was met.

    Args:
        slots: As for `attribute`.
        starts: As for `attribute`.
        now: The present, aware.
    """
    runs = _counting(starts)
    attribution = _attribute(slots, runs)
    latest_due = max((slot.due_at for slot in slots if slot.due_at <= now), default=now)
    settled = []
    for slot in slots:
        run = attribution.get(slot.id)
        if run is not None:
            state = _state_of(run)
        elif now < slot.start_by:
            state = SlotState.EXPECTED
        elif any(_covers(other, slot) for other in runs):
            state = SlotState.COVERED
        else:
            missed = SlotState.UNKNOWN if slot.unwatched else SlotState.MISSED
            state = missed if slot.due_at < latest_due else SlotState.EXPECTED
        logical_id = run.logical_id if run is not None else None
        # Most slots stay as they are, and to make one anew takes longer than all of the above.
        same = slot.state is state and slot.logical_id == logical_id
        settled.append(slot if same else replace(slot, state=state, logical_id=logical_id))
    return settled


def _attribute(slots: Sequence[Slot], runs: Iterable[Start]) -> Mapping[str, Start]:
    met: dict[int, Start] = {}
    for run in _choosing_in_turn(runs):
        place = _place(run, slots, met)
        if place is not None:
            met[place] = run
    return {slots[place].id: run for place, run in met.items()}


def _counting(starts: Iterable[Start]) -> list[Start]:
    """Return the logical runs that may count for a slot, by their start."""
    attempts: dict[str, list[Start]] = defaultdict(list)
    for start in starts:
        attempts[start.logical_id].append(start)
    runs = []
    for same in attempts.values():
        same.sort(key=_in_time)
        first, last = same[0], same[-1]
        if first.origin is not Origin.BACKFILL:
            # Most runs have one attempt, and are what it is.
            runs.append(first if first is last else replace(first, ended_at=last.ended_at, outcome=last.outcome))
    return sorted(runs, key=_in_time)


def _in_time(start: Start) -> tuple[datetime, bool, datetime, Outcome, Origin, str]:
    """Return what orders any starts in one way only, whatever the order in which they are given."""
    end = start.ended_at
    return start.started_at, end is None, end or start.started_at, start.outcome, start.origin, start.logical_id


def _choosing_in_turn(runs: Iterable[Start]) -> Iterable[Start]:
    """Return the runs, which are ordered by their start, in the order in which they may choose a slot."""
    regular: list[Start] = []
    overlapping: list[Start] = []
    by_hand: list[Start] = []
    going_until = _BEFORE_ALL
    for run in runs:
        if run.origin is Origin.PERSON:
            by_hand.append(run)
        else:
            (overlapping if run.started_at < going_until else regular).append(run)
            going_until = max(going_until, run.ended_at or _AFTER_ALL)
    return *regular, *overlapping, *by_hand


def _place(run: Start, slots: Sequence[Slot], met: Mapping[int, Start]) -> int | None:
    """Return the place of the slot that the run gets, by the rules 3 and 4."""
    own = bisect.bisect_right(slots, run.started_at, key=lambda slot: slot.opens_at) - 1
    for place in range(own, -1, -1):
        holder = met.get(place)
        if holder is None:
            return place
        if place < own and holder.started_at < slots[place + 1].opens_at:
            break
    return None


def _covers(run: Start, slot: Slot) -> bool:
    """Whether the run is the reason why the slot needs none of its own."""
    going_when_due = run.started_at <= slot.due_at and (run.ended_at is None or run.ended_at > slot.due_at)
    return going_when_due or slot.opens_at <= run.started_at <= slot.start_by


def _state_of(run: Start) -> SlotState:
    if run.outcome is Outcome.RUNNING:
        return SlotState.STARTED
    return SlotState.DONE if run.outcome.ok else SlotState.FAILED
