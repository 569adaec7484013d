"""Pipelines with faults: what happens to them in a simulated time, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from tocsin.core.run import Outcome

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """When a pipeline is due, said twice: for Tocsin, and as times of day that anybody can follow."""

    text: str
    timezone: str
    #: Minutes of the day on the wall; weekdays as `date.weekday` counts them.
    minutes: tuple[int, ...]
    weekdays: frozenset[int] = frozenset(range(7))
    #: Every so often in real time, from the beginning on, instead of times of day.
    every: timedelta | None = None

    def due(self, begin: datetime, end: datetime) -> list[datetime]:
        """Return the moments after `begin` and not after `end`, in UTC."""
        if self.every is not None:
            return [begin + step * self.every for step in range(1, (end - begin) // self.every + 1)]
        zone = ZoneInfo(self.timezone)
        day = begin.astimezone(zone).date()
        found = set()
        while day <= end.astimezone(zone).date():
            if day.weekday() in self.weekdays:
                found |= {_on_the_wall(day.year, day.month, day.day, minute, zone) for minute in self.minutes}
            day += DAY
        return sorted(moment for moment in found if begin < moment <= end)


def _on_the_wall(year: int, month: int, day: int, minute: int, zone: ZoneInfo) -> datetime:
    """Return when a clock shows a time: the first of two, and where it shows none, when it is set forward."""
    wall = datetime(year, month, day, *divmod(minute, 60), tzinfo=zone)
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    # The gap: look minute by minute for the first moment that shows a later time.
    moment -= 3 * 60 * MINUTE
    while moment.astimezone(zone).replace(tzinfo=None) < wall.replace(tzinfo=None):
        moment += MINUTE
    return moment


@dataclass(kw_only=True)
class Pipeline:
    """A pipeline and its timetable; without `grace` nothing about it is configured."""

    name: str
    timetable: Timetable
    grace: timedelta | None = 20 * MINUTE
    finish: timedelta | None = None
    after: tuple[str, ...] = ()
    lasts: timedelta = 6 * MINUTE


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One run as it really was."""

    id: str
    pipeline: str
    logical_id: str
    begin: datetime
    #: When it ended, or died.
    end: datetime
    outcome: Outcome = Outcome.SUCCEEDED
    #: "scheduled", "manual" or "backfill".
    run_type: str = "scheduled"
    attempt: int = 1
    attempts: int = 1
    #: For how long nothing moved before its end.
    stands: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A slot whose fate is drawn."""

    pipeline: Pipeline
    due: datetime
    #: When its run begins if all goes well.
    begin: datetime
    #: How long after it the next slot is due.
    gap: timedelta

    @property
    def lasts(self) -> timedelta:
        """How long its run takes if all goes well."""
        return self.pipeline.lasts


class Fate:
    """Draws what becomes of the slots of pipelines."""

    def __init__(self, chance: random.Random, *, faults: float) -> None:
        """Let so large a part of the slots go wrong in some way."""
        self._chance = chance
        self._faults = faults
        self._number = 0
        self._kinds: tuple[Callable[[Turn], Iterator[Attempt]], ...] = (
            self._absent,
            self._absent,
            self._late,
            self._long,
            self._failed,
            self._retried,
            self._died,
            self._stuck,
            self._manual,
            self._backfill,
            self._overlap,
        )

    def attempts(self, pipeline: Pipeline, begin: datetime, end: datetime) -> Iterator[Attempt]:
        """Yield all runs between two moments."""
        slots = pipeline.timetable.due(begin, end)
        blocked_until = begin
        for due, following in pairwise([*slots, end + DAY]):
            for attempt in self._of_slot(pipeline, due, following - due):
                # Most schedulers begin no second run while one goes on; some do not care.
                careless = len(pipeline.name) % 3 == 0
                if attempt.run_type != "scheduled" or attempt.begin >= blocked_until or careless:
                    yield attempt
                    if attempt.run_type == "scheduled":
                        blocked_until = max(blocked_until, attempt.end)

    def regular(self, pipeline: Pipeline, begin: datetime, end: datetime) -> Iterator[Attempt]:
        """Yield runs that come to the minute, and once that is known are absent now and then."""
        for number, due in enumerate(pipeline.timetable.due(begin, end)):
            if number < 30 or number % 17:
                yield self._attempt(pipeline, due, pipeline.lasts)

    def _of_slot(self, pipeline: Pipeline, due: datetime, gap: timedelta) -> Iterator[Attempt]:
        early = self._chance.random() < 0.1
        jitter = timedelta(seconds=self._chance.randint(1, 90))
        turn = Turn(pipeline=pipeline, due=due, begin=due - jitter if early else due + jitter, gap=gap)
        well = self._chance.random() >= self._faults
        return self._well(turn) if well else self._chance.choice(self._kinds)(turn)

    def _well(self, turn: Turn) -> Iterator[Attempt]:
        yield self._attempt(turn.pipeline, turn.begin, turn.lasts)

    def _absent(self, _turn: Turn) -> Iterator[Attempt]:
        return iter(())

    def _late(self, turn: Turn) -> Iterator[Attempt]:
        late = (turn.pipeline.grace or timedelta(0)) + self._minutes(3, 45)
        yield self._attempt(turn.pipeline, turn.due + min(late, turn.gap * 0.6), turn.lasts)

    def _long(self, turn: Turn) -> Iterator[Attempt]:
        yield self._attempt(turn.pipeline, turn.begin, (turn.pipeline.finish or turn.gap / 2) + self._minutes(5, 60))

    def _failed(self, turn: Turn) -> Iterator[Attempt]:
        yield self._attempt(turn.pipeline, turn.begin, self._minutes(1, 9), outcome=Outcome.FAILED)

    def _retried(self, turn: Turn) -> Iterator[Attempt]:
        first = self._attempt(turn.pipeline, turn.begin, self._minutes(1, 4), outcome=Outcome.FAILED, attempts=2)
        second = self._attempt(turn.pipeline, first.end + 3 * MINUTE, turn.lasts, attempt=2, attempts=2)
        return iter((first, replace(second, logical_id=first.id)))

    def _died(self, turn: Turn) -> Iterator[Attempt]:
        yield self._attempt(turn.pipeline, turn.begin, self._minutes(1, 9), outcome=Outcome.DIED)

    def _stuck(self, turn: Turn) -> Iterator[Attempt]:
        stands = self._minutes(45, 90)
        yield self._attempt(turn.pipeline, turn.begin, turn.lasts + stands, stands=stands)

    def _manual(self, turn: Turn) -> Iterator[Attempt]:
        yield from self._well(turn)
        begin = turn.begin + turn.gap * self._chance.random()
        yield self._attempt(turn.pipeline, begin, turn.lasts, run_type="manual")

    def _backfill(self, turn: Turn) -> Iterator[Attempt]:
        # In place of the slot's own run, or some time after it.
        absent = self._chance.random() < 0.5
        if not absent:
            yield from self._well(turn)
        begin = turn.begin if absent else turn.begin + turn.gap * self._chance.random()
        yield self._attempt(turn.pipeline, begin, turn.gap / 3, run_type="backfill")

    def _overlap(self, turn: Turn) -> Iterator[Attempt]:
        yield self._attempt(turn.pipeline, turn.begin, turn.gap + self._minutes(2, 5))

    def _attempt(self, pipeline: Pipeline, begin: datetime, lasts: timedelta, **more: Any) -> Attempt:
        self._number += 1
        run_id = f"{pipeline.name}-{self._number}"
        begin = begin.replace(microsecond=0)
        return Attempt(id=run_id, logical_id=run_id, pipeline=pipeline.name, begin=begin, end=begin + lasts, **more)

    def _minutes(self, least: int, most: int) -> timedelta:
        return self._chance.randint(least, most) * MINUTE
