"""Slots: the runs that a schedule expects. They come from the schedule alone, so a run that never began is missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.core.schedule import Schedule, slot_after

#: A slot opens early by this fraction of the gap before it, so that a clock which is a little fast does no harm…
_EARLY = 1 / 4
#: …and at most by this.
_EARLIEST = timedelta(hours=1)
#: Looks that are no further apart than this leave out nothing: `tocsin tick` comes from cron, once a minute.
_LOOK = timedelta(minutes=2)


class SlotState(StrEnum):
    """What became of a slot."""

    #: Nothing has begun for it. Whether something should have is a question of `start_by` and the present.
    EXPECTED = "expected"
    #: Its run is going.
    STARTED = "started"
    #: Its run did what it was started for.
    DONE = "done"
    #: Its run ended and did not; the run's own alert tells why.
    FAILED = "failed"
    #: It needed no run of its own: another one was going, or began within its grace.
    COVERED = "covered"
    #: Nothing began within its grace, and by now the next slot is due.
    MISSED = "missed"
    #: As missed, but Tocsin itself did not look when its grace ended: so far nobody has told of a run.
    UNKNOWN = "unknown"

    @property
    def resolved(self) -> bool:
        """Whether nothing more is waited for."""
        return self not in {SlotState.EXPECTED, SlotState.STARTED}


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One expected run of a pipeline. Times are aware and in UTC."""

    #: The same whenever it is computed: environment, pipeline and the time at which it is due.
    id: str
    pipeline: str
    environment: str
    schedule: Schedule
    #: From when on a run counts for this slot.
    opens_at: datetime
    #: When its run should start.
    due_at: datetime
    #: By when its run has to have started.
    start_by: datetime
    #: By when its run has to have finished; None where nobody asks.
    finish_by: datetime | None = None
    state: SlotState = SlotState.EXPECTED
    #: The logical run that belongs to it.
    logical_id: str | None = None
    #: Whether Tocsin itself did not look when its grace ended, and nothing had begun for it as far as it knew.
    unwatched: bool = False

    def is_left_out(self, last_look: datetime, now: datetime) -> bool:
        """Whether its grace has ended between two looks that are further apart than it is long.

        Args:
            last_look: When Tocsin looked last, aware.
            now: The present, aware.
        """
        return last_look < self.start_by < now and now - last_look > max(self.start_by - self.due_at, _LOOK)


def expect(
    schedule: Schedule,
    *,
    pipeline: str,
    environment: str,
    after: datetime,
    until: datetime,
    start_within: timedelta,
    finish_within: timedelta | None = None,
    anchor: datetime | None = None,
) -> Iterator[Slot]:
    """Yield the slots that are due after `after` and not later than `until`, in order.

    Args:
        schedule: When the pipeline should start.
        pipeline: Its name.
        environment: Its environment.
        after: When the last known slot was due, or since when the pipeline is watched. The gap before the first slot
            is counted from here.
        until: The last moment of interest.
        start_within: For how long after it is due a slot may wait for its run.
        finish_within: How long after it is due its run may end.
        anchor: From where "every" counts, see `slots_after`.
    """
    before, due_at = after, slot_after(schedule, after, anchor=anchor)
    while due_at is not None and due_at <= until:
        yield Slot(
            id=f"{environment}/{pipeline}/{due_at:%Y-%m-%dT%H:%M:%SZ}",
            pipeline=pipeline,
            environment=environment,
            schedule=schedule,
            opens_at=due_at - min((due_at - before) * _EARLY, _EARLIEST),
            due_at=due_at,
            start_by=due_at + start_within,
            finish_by=None if finish_within is None else due_at + finish_within,
        )
        before, due_at = due_at, slot_after(schedule, due_at, anchor=anchor)
