"""What the store knows of the engine at work. Each server tells the same of it: look at one, do not add them up."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tocsin.core.finding import Kind
from tocsin.core.outbox import Delivery
from tocsin.core.run import Outcome
from tocsin.core.severity import Severity
from tocsin.engine.engine import Engine
from tocsin.errors import StoreError
from tocsin.web.vitals import Vitals, read_vitals, spooled

#: Seconds for which what the store said is told again, however often somebody asks.
_KEPT = 5.0
#: Deliveries that are read at a time.
_BATCH = 5_000
_LATELY = timedelta(hours=1)
_DELIVERIES = "Attempts to send a message since this process looked first, by the class of the answer."
#: The values of labels, in their order.
_Labels = TypeVar("_Labels", bound=tuple[str, ...])
_log = logging.getLogger("tocsin")


@dataclass(frozen=True, kw_only=True)
class _Read:
    """What the store said."""

    vitals: Vitals
    alerts: Mapping[tuple[Kind, Severity], int]
    pipelines: Mapping[Outcome, int]
    runs: Mapping[Outcome, int]


class Stored(Collector):
    """Asks the store, at most every few seconds."""

    def __init__(self, engine: Engine) -> None:
        """Ask the store of `engine`, but nothing yet."""
        self._engine = engine
        self._turn = threading.Lock()
        self._read: _Read | None = None
        self._asked_at = float("-inf")
        #: The last delivery that was counted; None before the first look, which counts nothing.
        self._counted_to: int | None = None
        self._deliveries: Counter[tuple[str, str]] = Counter()

    def describe(self) -> list[Metric]:
        """Return nothing: to register it asks nobody."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield what the store says, or that it cannot be read."""
        with self._turn:
            if time.monotonic() >= self._asked_at + _KEPT:
                self._read = self._ask()
                self._asked_at = time.monotonic()
            read, deliveries = self._read, self._deliveries.copy()
        yield GaugeMetricFamily("tocsin_store_up", "Whether the store can be read.", value=read is not None)
        if read is not None:
            yield from self._of_store(read)
            family = CounterMetricFamily("tocsin_deliveries", _DELIVERIES, labels=("channel", "answer"))
            yield _filled(family, deliveries)
        waiting, unread = spooled(self._engine)
        yield GaugeMetricFamily("tocsin_spool_events", "Events in the spool of this machine.", value=waiting)
        yield GaugeMetricFamily("tocsin_spool_rejected_files", "Files in the spool that are no events.", value=unread)

    def _ask(self) -> _Read | None:
        try:
            with self._engine.store.reading() as tx:
                if self._counted_to is None:
                    self._counted_to = tx.last_delivery()
                while new := tx.deliveries_after(self._counted_to, limit=_BATCH):
                    self._deliveries.update((one.channel, _answer(one)) for _, one in new)
                    self._counted_to = new[-1][0]
                return _Read(
                    vitals=read_vitals(self._engine, tx),
                    alerts=tx.count_open_alerts(),
                    pipelines=tx.census().outcomes(),
                    runs=tx.count_outcomes(since=self._engine.clock() - _LATELY),
                )
        except StoreError as error:
            _log.warning("no metrics of the store: %s", error)
            return None

    def _of_store(self, read: _Read) -> Iterator[Metric]:
        now, vitals = self._engine.clock(), read.vitals
        messages = {name: vitals.waiting.get(name) for name in vitals.outlets}
        waiting = {(name,): one.count if one is not None else 0 for name, one in messages.items()}
        yield _counted("tocsin_outbox_messages", "Messages that wait to be sent.", ("channel",), waiting)
        ages = {(name,): _age(one.since if one is not None else None, now) for name, one in messages.items()}
        yield _counted("tocsin_outbox_oldest_seconds", "Age of the oldest of them.", ("channel",), ages)
        works = {(view.name,): float(view.works) for view in vitals.channels}
        yield _counted("tocsin_channel_works", "Whether it is neither disabled nor unusable.", ("channel",), works)
        events, since = vitals.backlog
        yield GaugeMetricFamily("tocsin_inbox_events", "Events that wait to be taken in.", value=events)
        yield GaugeMetricFamily("tocsin_inbox_oldest_seconds", "Age of the oldest of them.", value=_age(since, now))
        if (lag := vitals.lag(now)) is not None:
            said = "Since an engine looked last at what is due."
            yield GaugeMetricFamily("tocsin_tick_lag_seconds", said, value=lag.total_seconds())
        alerts = {(kind.value, severity.value): number for (kind, severity), number in read.alerts.items()}
        yield _counted("tocsin_alerts_open", "Alerts that are open.", ("kind", "severity"), alerts)
        pipelines = {(outcome.value,): number for outcome, number in read.pipelines.items()}
        yield _counted("tocsin_pipelines", "Pipelines, by how they ran last.", ("outcome",), pipelines)
        runs = {(outcome.value,): number for outcome, number in read.runs.items()}
        yield _counted("tocsin_runs_last_hour", "Runs that began within the last hour.", ("outcome",), runs)


def _answer(one: Delivery) -> str:
    """Return the class of an answer: "2xx", "5xx"; "ok" or "none" where it has no number."""
    if one.status is not None:
        return f"{one.status // 100}xx"
    return "ok" if one.ok else "none"


def _age(moment: datetime | None, now: datetime) -> float:
    return max((now - moment).total_seconds(), 0.0) if moment is not None else 0.0


def _counted(name: str, said: str, labels: tuple[str, ...], values: Mapping[_Labels, float]) -> Metric:
    return _filled(GaugeMetricFamily(name, said, labels=labels), values)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[_Labels, float]) -> Metric:
    for found, value in sorted(values.items()):
        family.add_metric(found, value)
    return family
