"""Runs and open alerts as metrics of OpenTelemetry."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource

from tocsin.channels.formats.otlp.resource import (
    SCHEMA,
    SCOPE,
    database,
    nanoseconds,
    own_tables,
    readable,
    resource,
    resource_of,
)
from tocsin.core.feed import Count
from tocsin.core.run import Run

#: Seconds: a run may take as long as a request, or half a day.
_BOUNDS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 43200)
#: Each run tells what it adds, so that nobody has to remember what was told before.
_DELTA = AggregationTemporality.DELTA
#: A run counts in the moment in which it ended: parallel runs of a pipeline would overlap.
_MOMENT = timedelta(milliseconds=1)
_Attributes = Mapping[str, str]


def run_metrics(run: Run) -> MetricsData:
    """Return what a run that has ended adds: one run, how long it took, and the rows of the user's tables."""
    at = run.ended_at or run.started_at
    outcome = {"tocsin.outcome": run.outcome.value}
    runs = Sum([_number(1, at, outcome)], _DELTA, is_monotonic=True)
    took = Histogram([_bucket((at - run.started_at).total_seconds(), at, outcome)], _DELTA)
    metrics = [
        Metric("tocsin.runs", "Runs that have ended.", "{run}", runs),
        Metric("tocsin.run.duration", "How long runs took.", "s", took),
    ]
    if loads := own_tables(run):
        where = database(run)
        points = [_number(load.rows, at, {**where, "db.collection.name": readable(load.table)}) for load in loads]
        rows = Sum(points, _DELTA, is_monotonic=True)
        metrics.append(Metric("tocsin.rows", "Rows that were sent to tables.", "{row}", rows))
    return _data(resource_of(run), metrics)


def alert_metrics(count: Count) -> MetricsData:
    """Return how many alerts are open."""
    at = nanoseconds(count.at)
    points = [
        NumberDataPoint({"tocsin.severity": severity}, at, at, number) for severity, number in count.open_alerts.items()
    ]
    return _data(resource("tocsin"), [Metric("tocsin.alerts.open", "Alerts that are open.", "{alert}", Gauge(points))])


def _number(value: int, at: datetime, attributes: _Attributes) -> NumberDataPoint:
    return NumberDataPoint(dict(attributes), nanoseconds(at - _MOMENT), nanoseconds(at), value)


def _bucket(seconds: float, at: datetime, attributes: _Attributes) -> HistogramDataPoint:
    counts = [0] * (len(_BOUNDS) + 1)
    # A value that equals a bound belongs to the bucket below it.
    counts[bisect_left(_BOUNDS, seconds)] = 1
    return HistogramDataPoint(
        attributes=dict(attributes),
        start_time_unix_nano=nanoseconds(at - _MOMENT),
        time_unix_nano=nanoseconds(at),
        count=1,
        sum=seconds,
        bucket_counts=counts,
        explicit_bounds=_BOUNDS,
        min=seconds,
        max=seconds,
    )


def _data(resource: Resource, metrics: Sequence[Metric]) -> MetricsData:
    return MetricsData([ResourceMetrics(resource, [ScopeMetrics(SCOPE, metrics, SCHEMA)], SCHEMA)])
