"""What the rules would have made of recorded runs: the engine itself lives through them again, in memory.

Runs begin and end at their times by a clock that is moved, and slots and the age of tables are looked at when they are
due. Nobody is told. What runs did not leave behind cannot be replayed: whether they stood still, and the answers of
checks.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter

from tocsin.config.model import Config
from tocsin.core.alert import Alert
from tocsin.core.event import Event, EventType
from tocsin.core.finding import Topic
from tocsin.core.policy import Policy
from tocsin.core.run import Outcome, Run, Stage
from tocsin.engine.engine import Engine
from tocsin.engine.expected import look_at_slots
from tocsin.engine.freshness import look_at_freshness
from tocsin.engine.ingest import ingest
from tocsin.engine.opening import open_engine
from tocsin.store.memory import MemoryStore
from tocsin.store.protocol import Store

MONTH = timedelta(days=30)
#: Somebody looked so long before each deadline: a gap between two looks would be told as an outage of Tocsin's own.
_BEFORE = timedelta(minutes=1)
_INSTANT = timedelta(microseconds=1)
_MOST = 100_000
#: Topics whose alerts no threshold changes, so that they have no budget.
NOT_TUNED = frozenset({Topic.DELIVERY, Topic.CHANNEL})

#: What a budget is for: a pipeline, its environment, and a table, a step or a check; empty for a run as a whole.
Subject = tuple[str, str, Topic, str]


@dataclass(frozen=True, kw_only=True)
class Fired:
    """An alert that would have been opened."""

    #: As it was when it opened.
    opened: Alert
    #: As it was in the end.
    ended: Alert

    @property
    def subject(self) -> Subject:
        """What it counts for."""
        alert = self.opened
        return alert.subject, alert.environment, alert.topic, alert.item


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What would have fired. What is too slight for anybody to hear of it is left out."""

    begin: datetime
    end: datetime
    runs: int
    #: In the order in which they would have opened.
    fired: tuple[Fired, ...]

    @property
    def months(self) -> float:
        """How long the history is; less than a month counts as one, because it does not show what a month brings."""
        return max((self.end - self.begin) / MONTH, 1)

    @property
    def counts(self) -> Mapping[Subject, int]:
        """How many alerts each subject would have had, most first."""
        counted = Counter(fired.subject for fired in self.fired)
        return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

    def over(self, budget: float) -> list[Subject]:
        """Return the tables, steps and the like with more alerts a month than this.

        How often a pipeline fails or is late is not a matter of thresholds, and has no budget.
        """
        return [
            subject
            for subject, number in self.counts.items()
            if subject[2] not in NOT_TUNED and number / self.months > budget
        ]


@dataclass
class _MovedClock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


def replay(config: Config, runs: Iterable[Run], *, store: Store | None = None) -> Backtest:
    """Let an engine live through runs, and return what it would have said.

    Args:
        config: The settings to try. Channels are not used; what belongs to its home goes there, so it should be a
            folder of its own.
        runs: Runs that have ended, in any order.
        store: An empty store to leave the history in; by default it is forgotten.

    Raises:
        ValueError: There are no runs.
    """
    ended = sorted((run for run in runs if run.ended_at is not None), key=attrgetter("started_at"))
    if not ended:
        raise ValueError("there is no run that has ended")
    clock = _MovedClock(ended[0].started_at - _BEFORE)
    seen = {run.pipeline for run in ended}
    # Of pipelines that are not among them nothing is known, which is not that they did not run.
    pipelines = {name: one for name, one in config.pipelines.items() if name in seen}
    nobody = replace(config, channels=(), routes=(), owners={}, pipelines=pipelines)
    engine = open_engine(nobody, store=store or MemoryStore(), clock=clock, watching=True)
    opened: dict[str, Alert] = {}
    look_at_slots(engine)
    for event in heapq.merge(*_events(ended), key=attrgetter("at")):
        _let_pass(engine, clock, event.at, opened)
        clock.now = max(clock.now, event.at)
        ingest(engine, event)
        if event.run is not None:
            _note(engine, opened, subject=event.run.pipeline)
    with engine.store.reading() as tx:
        last = {alert.id: alert for alert in tx.alerts(limit=_MOST)}
    fired = [Fired(opened=alert, ended=last[alert.id]) for alert in opened.values()]
    least = min((policy.least for policy in _policies(config)), key=lambda severity: severity.order)
    return Backtest(
        begin=ended[0].started_at,
        end=clock.now,
        runs=len(ended),
        fired=tuple(sorted((one for one in fired if one.ended.severity.order >= least.order), key=_place)),
    )


def _policies(config: Config) -> list[Policy]:
    return [config.policy, *(route.policy for route in config.routes)]


def _place(fired: Fired) -> tuple[object, ...]:
    return fired.opened.since, fired.subject


def _events(runs: list[Run]) -> Iterator[list[Event]]:
    """Yield what the processes of runs reported: when each began, and how it ended."""
    yield [
        Event(id=f"start-{run.id}", type=EventType.RUN_STARTED, at=run.started_at, run=_as_begun(run)) for run in runs
    ]
    ends = [(run.ended_at or run.started_at, run) for run in runs]
    yield [
        Event(id=f"end-{run.id}", type=EventType.RUN_FINISHED, at=at, run=run)
        for at, run in sorted(ends, key=lambda end: end[0])
    ]


def _as_begun(run: Run) -> Run:
    """Return what was known of a run when it began."""
    return Run(
        id=run.id,
        pipeline=run.pipeline,
        environment=run.environment,
        started_at=run.started_at,
        outcome=Outcome.RUNNING,
        stage=Stage.BEFORE,
        logical_id=run.logical_id,
        attempt=run.attempt,
        max_attempts=run.max_attempts,
        destination=run.destination,
        dataset=run.dataset,
        first_run=run.first_run,
        schedule=run.schedule,
        context=run.context,
    )


def _let_pass(engine: Engine, clock: _MovedClock, until: datetime, opened: dict[str, Alert]) -> None:
    """Look at slots and at the age of tables whenever one of them is due before `until`."""
    while (due := _next_due(engine)) is not None and due <= until:
        # Whatever is overdue is looked at now, and time goes on.
        due = max(due, clock.now + _INSTANT)
        clock.now = max(clock.now, due - _BEFORE)
        look_at_slots(engine)
        clock.now = due
        if look_at_slots(engine) + look_at_freshness(engine):
            _note(engine, opened)


def _next_due(engine: Engine) -> datetime | None:
    with engine.store.reading() as tx:
        stale = (table.due_at for table in tx.freshness(engine.config.environment))
        return min((at for at in (tx.next_slot_at(), *stale) if at is not None), default=None)


def _note(engine: Engine, opened: dict[str, Alert], subject: str | None = None) -> None:
    """Keep the alerts that have just opened, as they are."""
    with engine.store.reading() as tx:
        for alert in tx.alerts(open_only=True, subject=subject, limit=_MOST):
            opened.setdefault(alert.id, alert)
