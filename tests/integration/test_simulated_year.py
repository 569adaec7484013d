"""A simulated time of many pipelines with random faults, checked at every step against a plain oracle.

TOCSIN_SIMULATED_DAYS and TOCSIN_SIMULATED_PIPELINES make it longer and wider, TOCSIN_SIMULATED_SEED another one.
"""

from __future__ import annotations

import heapq
import os
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from made import cause
from plain_oracle import DIED_AFTER, REPEAT_EVERY, Oracle, Told, stuck_from
from simulated_runs import DAY, MINUTE, Attempt, Fate, Pipeline, Timetable
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.core.event import Event, EventType
from tocsin.core.finding import Topic
from tocsin.core.notify import Reason
from tocsin.core.outbox import Notification
from tocsin.core.run import Context, Outcome, Progress, Run, Stage
from tocsin.engine.deliver import deliver
from tocsin.engine.engine import Engine
from tocsin.engine.ingest import ingest
from tocsin.engine.opening import open_engine
from tocsin.engine.tick import look
from tocsin.store.memory import MemoryStore
from tocsin.store.protocol import Store
from tocsin.store.sqlite import SqliteStore

DAYS = int(os.environ.get("TOCSIN_SIMULATED_DAYS", "60"))
PIPELINES = int(os.environ.get("TOCSIN_SIMULATED_PIPELINES", "12"))
SEED = int(os.environ.get("TOCSIN_SIMULATED_SEED", "1"))
STEP = 10 * MINUTE
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
#: The part of the slots that go wrong, of the looks after which nobody looks for hours, and of those before which the
#: clock was moved by some hours, or is a little slow.
FAULTS, STOPS, CLOCK_STEPS = 0.12, 0.02, 0.01
WORDS = {
    "has not started": "not started",
    "is late": "late",
    "is stuck": "stuck",
    "died": "died",
    "failed": "failed",
    "recovered": "recovered",
}
#: A zone of each kind: both halves of the earth, half hours, a change at midnight, none at all.
KINDS = [
    ("0 6 * * *", "Europe/Berlin", (360,), range(7)),
    ("30 2 * * *", "Europe/Berlin", (150,), range(7)),
    ("15 2,14 * * *", "America/New_York", (135, 855), range(7)),
    ("Mon..Fri 06:00", "Australia/Sydney", (360,), range(5)),
    ("*-*-* 01:30", "Australia/Lord_Howe", (90,), range(7)),
    ("0 0 * * *", "America/Santiago", (0,), range(7)),
    ("45 23 * * 1-5", "Asia/Kolkata", (1425,), range(5)),
    ("0 3,9,15,21 * * *", "Europe/London", (180, 540, 900, 1260), range(7)),
]


def pipelines(number: int) -> list[Pipeline]:
    """Return so many pipelines: by the clock, every few hours, after others, and two whose schedule is learned."""
    made = [
        Pipeline(name="learned-daily", timetable=_clock("", "Europe/Berlin", (420,)), grace=None),
        Pipeline(name="learned-often", timetable=_every("", 6), grace=None),
        Pipeline(name="often", timetable=_every("every 4h", 4), finish=90 * MINUTE),
    ]
    for index in range(number - len(made)):
        text, zone, minutes, weekdays = KINDS[index % len(KINDS)]
        finish = 2 * 60 * MINUTE if index % 2 else None
        timetable = _clock(text, zone, minutes, frozenset(weekdays))
        made.append(Pipeline(name=f"p{index}{'x' * (index % 3)}", timetable=timetable, finish=finish))
        if index % 4 == 3:
            last = made[-1]
            made[-1] = replace(last, timetable=_clock("0 8 * * *", "Europe/Berlin", (480,)), after=(made[3].name,))
    return made


def _clock(text: str, zone: str, minutes: tuple[int, ...], weekdays: frozenset[int] = frozenset(range(7))) -> Timetable:
    return Timetable(text=text, timezone=zone, minutes=minutes, weekdays=weekdays)


def _every(text: str, hours: int) -> Timetable:
    return Timetable(text=text, timezone="UTC", minutes=(), every=timedelta(hours=hours))


class What(Enum):
    """What happens to a run."""

    BEGINS = "begins"
    STANDS = "stands"
    ENDS = "ends"
    #: It has died, and by now that can be seen.
    IS_SILENT = "is silent"


class World:
    """An engine whose clock is moved, with every message that it decides on."""

    def __init__(self, home: Path, made: list[Pipeline], now: datetime) -> None:
        """Open it."""
        self.now = now
        # The one in memory copies itself for each transaction: quick while little is in it.
        self.store: Store = MemoryStore() if DAYS * len(made) <= 1000 else SqliteStore(home / "tocsin.db")
        configured = {one.name: _settings(one) for one in made if one.grace is not None}
        tables = {
            "repeat_every": f"{REPEAT_EVERY // HOUR}h",
            "timezone": "Europe/Berlin",
            "channels": {"log": {"type": "file", "path": str(home / "log")}},
            "pipelines": configured,
        }
        config = load([Layer(origin="tocsin.toml", values={"tocsin": tables}, secrets_allowed=True)], home=home)
        assert config.problems == ()
        self.engine: Engine = open_engine(config, store=self.store, clock=lambda: self.now, watching=True)
        self._told: set[str] = set()
        look(self.engine)

    def told(self) -> list[Told]:
        """Return what was decided on since the last time."""
        with self.store.reading() as tx:
            if tx.next_due() is None:
                return []
        new = self._new()
        self._told |= {one.id for one in new}
        deliver(self.engine)
        return [_what(one) for one in new if one.message is not None and self._is_about_delivery(one)]

    def _is_about_delivery(self, one: Notification) -> bool:
        """Return whether it tells of a run, and not of what a run has brought, which other rules judge."""
        assert one.alert_id is not None
        with self.store.reading() as tx:
            [alert] = tx.find_alerts(one.alert_id)
        return alert.topic is Topic.DELIVERY

    def _new(self) -> list[Notification]:
        """Return the decisions since the last time. Few are made at a time, but a clock that is set back mixes them."""
        limit = 32
        while True:
            with self.store.reading() as tx:
                newest = tx.notifications(limit=limit)
            new = [one for one in newest if one.id not in self._told]
            if len(new) <= limit // 2:
                return new
            limit *= 2

    def look(self, now: datetime, *, steady: bool) -> None:
        """Move the clock and look; not steady where it has just been moved by hand."""
        self.now = now
        look(self.engine, steady=steady)

    def is_expected(self, name: str) -> bool:
        """Return whether anything is expected of a pipeline."""
        with self.store.reading() as tx:
            return tx.expectation(name, "default") is not None

    def due(self) -> datetime | None:
        """Return when a slot has to be looked at next."""
        with self.store.reading() as tx:
            return tx.next_slot_at()


def _what(one: Notification) -> Told:
    assert one.message is not None
    name, _, rest = one.message.title.partition(" ")
    if one.reason is Reason.REPEAT:
        return name, "again"
    return name, next(word for said, word in WORDS.items() if rest.startswith(said))


def _settings(one: Pipeline) -> dict[str, Any]:
    assert one.grace is not None
    settings: dict[str, Any] = {
        "schedule": one.timetable.text,
        "timezone": one.timetable.timezone,
        "start_within": f"{one.grace // MINUTE}m",
        "stuck_after": "30m",
        "after": list(one.after),
    }
    return settings | ({"finish_within": f"{one.finish // MINUTE}m"} if one.finish else {})


def _run(attempt: Attempt, *, ended: bool = False, stands: bool = False) -> Run:
    moved = attempt.end - (attempt.stands or timedelta(0))
    outcome = attempt.outcome if ended else Outcome.RUNNING
    return Run(
        id=attempt.id,
        pipeline=attempt.pipeline,
        environment="default",
        started_at=attempt.begin,
        ended_at=attempt.end if ended else None,
        heartbeat_at=None if ended else attempt.end - (attempt.stands is not None and not stands) * SECOND,
        outcome=outcome,
        stage=Stage.LOAD if outcome is Outcome.SUCCEEDED else Stage.EXTRACT,
        logical_id=attempt.logical_id,
        attempt=attempt.attempt,
        max_attempts=attempt.attempts if attempt.attempts > 1 else None,
        cause=cause() if outcome is Outcome.FAILED else None,
        progress=Progress(moved_at=moved, stage=Stage.EXTRACT) if stands else None,
        context=Context(names={"run_type": attempt.run_type}),
    )


class Simulation:
    """Lets things happen to a world and to the oracle alike, and compares what is told after each of them."""

    def __init__(self, home: Path, chance: random.Random) -> None:
        """Draw what will happen."""
        # Both changes of the clock lie within sixty days of late winter on one half of the earth and the other.
        self._begin = datetime(2026, 2, 15, 12, tzinfo=UTC)
        self._end = self._begin + DAYS * DAY
        self._chance = chance
        made = pipelines(PIPELINES)
        self._world = World(home, made, self._begin)
        self._oracle = Oracle(made, self._begin, self._end)
        self._happenings = _happenings(made, self._begin, self._end, chance)
        self.told: Counter[str] = Counter()

    def run(self) -> None:
        """Go through the time in steps, and look where something can be due."""
        stopped_until = mark = self._begin
        while mark < self._end:
            happened = self._happen(mark)
            due = self._world.due()
            idle = not happened and (due is None or due > mark) and (mark - self._begin) % (3 * HOUR)
            if mark >= stopped_until and not idle:
                if self._chance.random() < STOPS:
                    stopped_until = mark + self._chance.randint(1, 12) * HOUR
                if self._chance.random() < CLOCK_STEPS:
                    self._look_with_wrong_clock(mark)
                self._look(mark - (4 * MINUTE if self._chance.random() < CLOCK_STEPS else timedelta(0)))
            mark += STEP

    def _happen(self, until: datetime) -> bool:
        happened = False
        while self._happenings and self._happenings[0][0] <= until:
            self._world.now, _, what, attempt = heapq.heappop(self._happenings)
            happened = True
            if what is What.BEGINS:
                self._oracle.begins(attempt)
                self._report(what, _run(attempt))
                self._compare([], f"{attempt} begins")
            elif what is What.STANDS:
                self._oracle.stands(attempt)
                self._report(what, _run(attempt, stands=True))
            elif what is What.ENDS:
                self._report(what, _run(attempt, ended=True))
                self._compare(self._oracle.ends(attempt), f"{attempt} ends")
                self._learn(attempt)
        return happened

    def _report(self, what: What, run: Run) -> None:
        kind = EventType.RUN_STARTED if run.outcome is Outcome.RUNNING else EventType.RUN_FINISHED
        event = Event(id=f"{what.value} {run.id}", type=kind, at=self._world.now, run=run)
        ingest(self._world.engine, event)

    def _learn(self, attempt: Attempt) -> None:
        """Let the oracle know since when a schedule is learned: when that is has tests of its own."""
        if not self._oracle.learned(attempt.pipeline) and self._world.is_expected(attempt.pipeline):
            self._oracle.learned_at(attempt.pipeline, self._world.now)

    def _look(self, now: datetime) -> None:
        expected = self._oracle.looks(now)
        self._world.look(now, steady=True)
        self._compare(expected, "a look")

    def _look_with_wrong_clock(self, mark: datetime) -> None:
        """Look at once when the clock was moved, before it is set right: nothing comes of that."""
        self._world.look(mark + self._chance.choice([-3, -1, 1, 3, 25]) * HOUR, steady=False)
        self._compare([], "a look by a wrong clock")

    def _compare(self, expected: list[Told], what: str) -> None:
        told = self._world.told()
        assert sorted(told) == sorted(expected), f"{self._world.now}: {what}"
        self.told.update(word for _, word in told)


def test_no_case_is_missed_none_is_false_and_none_is_told_twice(tmp_path: Path) -> None:
    """At every step exactly that is told which the oracle says, faults, stops and clock steps notwithstanding."""
    simulation = Simulation(tmp_path, random.Random(SEED))  # noqa: S311

    simulation.run()

    assert simulation.told.keys() == {*WORDS.values(), "again"}, simulation.told


def _happenings(
    made: list[Pipeline], begin: datetime, end: datetime, chance: random.Random
) -> list[tuple[datetime, int, What, Attempt]]:
    """Return what happens, as a heap by time."""
    happenings: list[tuple[datetime, What, Attempt]] = []
    for one in made:
        fate = Fate(chance, faults=FAULTS)
        for attempt in fate.regular(one, begin, end) if one.grace is None else fate.attempts(one, begin, end):
            happenings.append((attempt.begin, What.BEGINS, attempt))
            if attempt.stands is not None:
                happenings.append((stuck_from(attempt), What.STANDS, attempt))
            if attempt.outcome is Outcome.DIED:
                happenings.append((attempt.end + DIED_AFTER + MINUTE, What.IS_SILENT, attempt))
            else:
                happenings.append((attempt.end, What.ENDS, attempt))
    heap = [(at, number, what, attempt) for number, (at, what, attempt) in enumerate(happenings)]
    heapq.heapify(heap)
    return heap
