"""What the report tells, read from the store in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.core.alert import Alert
from tocsin.core.check import CheckHistory
from tocsin.core.expectation import Expectation
from tocsin.core.finding import Topic
from tocsin.core.run import Run
from tocsin.core.series import Key, Series
from tocsin.core.slot import Slot, SlotState
from tocsin.store.protocol import Transaction

#: The newest runs, slots and alerts of a pipeline that are read, whatever the days.
_RUNS, _SLOTS, _ALERTS = 100, 200, 200
_OPEN = 10_000
_EXPECTED = 10_000
_NOT_MET = frozenset({SlotState.MISSED, SlotState.UNKNOWN})


@dataclass(frozen=True, kw_only=True)
class PipelineFacts:
    """What is known of one pipeline within the time of the report."""

    pipeline: str
    environment: str
    #: Newest first.
    runs: Sequence[Run] = ()
    #: Newest first by the time at which they were due.
    slots: Sequence[Slot] = ()
    #: Open ones first, then the newest.
    alerts: Sequence[Alert] = ()
    series: Mapping[Key, Series] = field(default_factory=dict)
    #: For how long tables may go without new rows, where somebody asks.
    fresh_within: Mapping[str, timedelta] = field(default_factory=dict)
    #: By their names.
    checks: Sequence[CheckHistory] = ()
    expectation: Expectation | None = None

    @property
    def open_alerts(self) -> list[Alert]:
        """What is wrong now, the worst first."""
        return sorted((alert for alert in self.alerts if alert.open), key=urgency)

    @property
    def missed(self) -> list[Slot]:
        """Slots for which nothing began, newest first."""
        return [slot for slot in self.slots if slot.state in _NOT_MET]

    @property
    def rank(self) -> tuple[object, ...]:
        """Sorts pipelines, those in the worst trouble first."""
        worst = self.open_alerts[0] if self.open_alerts else None
        bad = bool(self.runs) and self.runs[0].outcome.bad
        return (*(urgency(worst) if worst else (1,)), not bad, not self.missed, self.pipeline, self.environment)


@dataclass(frozen=True, kw_only=True)
class Overview:
    """All that the report tells."""

    since: datetime
    now: datetime
    #: Worst first.
    pipelines: Sequence[PipelineFacts]
    #: What is open about anything else, channels above all.
    other_alerts: Sequence[Alert] = ()

    @property
    def open_alerts(self) -> list[Alert]:
        """All that is wrong now, the worst first."""
        of_pipelines = [alert for facts in self.pipelines for alert in facts.open_alerts]
        return sorted([*of_pipelines, *self.other_alerts], key=urgency)


def urgency(alert: Alert) -> tuple[object, ...]:
    """Sort alerts: those that nobody has acknowledged, then by severity, delivery before data, the newest first."""
    known = alert.acknowledged_at is not None
    return 0, known, -alert.severity.order, alert.topic is not Topic.DELIVERY, -alert.since.timestamp()


def read_overview(
    tx: Transaction,
    *,
    now: datetime,
    days: int,
    environment: str,
    pipeline: str | None = None,
) -> Overview:
    """Return what was seen lately.

    Args:
        tx: A view of the store.
        now: The present, aware.
        days: How far back.
        environment: Where to look for pipelines that are expected and have never run.
        pipeline: Only this one.
    """
    since = now - timedelta(days=days)
    seen = {(run.pipeline, run.environment) for run in tx.latest_runs()}
    expected = {(one.pipeline, one.environment) for one in tx.expectations(environment, limit=_EXPECTED)}
    names = sorted(name for name in seen | expected if pipeline in {None, name[0]})
    found = [read_pipeline(tx, *name, since=since) for name in names]
    shown = {(facts.pipeline, facts.environment) for facts in found}
    others = [
        alert
        for alert in (tx.alerts(open_only=True, limit=_OPEN) if pipeline is None else ())
        if (alert.subject, alert.environment) not in shown
    ]
    return Overview(since=since, now=now, pipelines=sorted(found, key=lambda facts: facts.rank), other_alerts=others)


def read_pipeline(tx: Transaction, pipeline: str, environment: str, *, since: datetime) -> PipelineFacts:
    """Return what is known of one pipeline.

    Args:
        tx: A view of the store.
        pipeline: Its name.
        environment: Where it runs.
        since: The beginning of the time that is told of.
    """
    runs = tx.runs(pipeline=pipeline, environment=environment, limit=_RUNS)
    alerts = tx.alerts(subject=pipeline, environment=environment, limit=_ALERTS)
    # What stands still is told of, however long ago its last run was.
    lately = [run for run in runs if run.started_at >= since] or runs[:1]
    return PipelineFacts(
        pipeline=pipeline,
        environment=environment,
        runs=lately,
        slots=[slot for slot in tx.slots(pipeline, environment, limit=_SLOTS) if slot.due_at >= since],
        alerts=[alert for alert in alerts if alert.open or alert.last_at >= since],
        series=tx.series(pipeline, environment),
        fresh_within={one.table: one.within for one in tx.freshness(environment, pipeline=pipeline)},
        checks=[history for history in tx.check_histories(pipeline, environment) if history.results],
        expectation=tx.expectation(pipeline, environment),
    )
