"""What is expected of a pipeline, from whatever source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from tocsin.core.run import DeclaredSchedule
from tocsin.core.schedule import Schedule, slot_after
from tocsin.core.slot import Slot, expect


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """When a pipeline should run, and how far its slots have been computed."""

    pipeline: str
    environment: str
    schedule: Schedule
    #: For how long after it is due a slot may wait for its run.
    start_within: timedelta
    #: How long after it is due its run may end; None where nobody asks.
    finish_within: timedelta | None = None
    #: What a run said, where that is where the schedule comes from; None where it is configured or learned.
    declared: DeclaredSchedule | None = None
    #: Since when the pipeline is watched; "every" counts from here.
    anchor: datetime
    #: When the last computed slot was due; the anchor where there is none yet.
    computed_to: datetime
    #: When the next slot has to be computed; None where the schedule has come to its end.
    next_slot_at: datetime | None = None

    def come(self, now: datetime, *, most: int) -> tuple[list[Slot], Expectation]:
        """Return the slots that have come by now, at most so many, and what is expected after them."""
        coming = expect(
            self.schedule,
            pipeline=self.pipeline,
            environment=self.environment,
            after=self.computed_to,
            until=now,
            start_within=self.start_within,
            finish_within=self.finish_within,
            anchor=self.anchor,
        )
        come = list(islice(coming, most))
        return come, self.planned(come[-1].due_at if come else self.computed_to)

    def planned(self, computed_to: datetime) -> Expectation:
        """Return it with its slots computed up to this moment, and the next one planned."""
        following = slot_after(self.schedule, computed_to, anchor=self.anchor)
        return replace(self, computed_to=computed_to, next_slot_at=following)
