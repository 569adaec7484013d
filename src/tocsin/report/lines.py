"""The lines of the tables about a pipeline, the same in the report and on its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.channels.formats.element import Content
from tocsin.core.alert import Alert
from tocsin.core.check import CheckResult
from tocsin.core.finding import Topic
from tocsin.core.run import Run, Stage
from tocsin.core.schema import SchemaChange
from tocsin.core.series import Measure, Series
from tocsin.core.sparkline import sparkline
from tocsin.core.trend import Trend, trend
from tocsin.report.chart import draw_chart
from tocsin.report.check_results import check_urgency
from tocsin.report.facts import PipelineFacts

#: Points of a chart, and of a small one.
_POINTS, _FEW = 60, 30
#: Tables that are listed, and those of them with a chart.
_TABLES, _CHARTS = 40, 20


@dataclass(frozen=True, kw_only=True)
class Charts:
    """What is drawn, and how."""

    #: The beginning of the time that is told of.
    since: datetime
    #: All is drawn. Of pipelines far down a long list tables have a line of text in place of a chart.
    full: bool = True
    #: How many false alerts a month are accepted of each table: what is expected follows from it.
    false_alerts: float


@dataclass(frozen=True, kw_only=True)
class Line:
    """What the runs of a table, or of a step, looked like."""

    item: str
    drawn: Content
    #: The last value, and what was expected of it; empty where too little is known.
    last: str
    expected: str


@dataclass(frozen=True, kw_only=True)
class TableLine(Line):
    """A table with what is asked of it, and what is wrong with it."""

    #: When it got rows last; None where it got none in the runs that are known.
    filled_at: datetime | None
    #: For how long it may go without; None where nobody asks.
    within: timedelta | None
    alerts: Sequence[Alert]


def table_lines(facts: PipelineFacts, charts: Charts) -> tuple[list[TableLine], int]:
    """Return a line for each table, those in trouble first, then those that bring most; and how many are left out."""
    troubled = {alert.item for alert in facts.open_alerts if alert.topic is not Topic.DELIVERY}
    series = [one for key, one in facts.series.items() if key[0] is Measure.ROWS and one.points]
    series.sort(key=lambda one: (one.item not in troubled, -one.points[-1].value, one.item))
    lines = [_table(facts, one, charts, small=index < _CHARTS) for index, one in enumerate(series[:_TABLES])]
    return lines, len(series) - len(lines)


def step_lines(facts: PipelineFacts, charts: Charts) -> list[Line]:
    """Return a line for each step, in the order in which they come."""
    steps = [one for (measure, item), one in facts.series.items() if measure is Measure.SECONDS and item and one.points]
    order = {stage.value: stage.order for stage in Stage}
    return [_line(facts, one, charts, small=True) for one in sorted(steps, key=lambda one: order.get(one.item, 0))]


def duration_trend(facts: PipelineFacts, charts: Charts) -> Trend | None:
    """Return how long runs took; None where none has ended in this time."""
    whole = facts.series.get((Measure.SECONDS, ""))
    if whole is None:
        return None
    seen = _trend(facts, whole, charts, _POINTS if charts.full else _FEW)
    return seen if seen.points else None


def share_that_went_well(runs: Sequence[Run]) -> str:
    """Return "58 of the last 60 went well"."""
    ended = [run for run in runs if run.ended_at is not None]
    good = sum(run.outcome.ok for run in ended)
    return f"{good} of the last {len(ended)} went well" if ended else "none has ended"


def check_lines(facts: PipelineFacts) -> list[Sequence[CheckResult]]:
    """Return the results of each check, newest first; those that fail stand first."""
    return sorted((history.results for history in facts.checks), key=lambda results: check_urgency(results[0]))


def first_attempts(runs: Sequence[Run]) -> dict[str, Run]:
    """Return the first attempt of each logical run.

    Args:
        runs: Newest first.
    """
    return {run.logical_id or run.id: run for run in runs}


def schema_changes(runs: Sequence[Run]) -> list[tuple[Run, SchemaChange]]:
    """Return what runs have changed in tables, in the order of the runs."""
    return [(run, change) for run in runs for change in run.schema_changes]


def _table(facts: PipelineFacts, series: Series, charts: Charts, *, small: bool) -> TableLine:
    line = _line(facts, series, charts, small=small)
    filled = next((point for point in reversed(series.points) if point.value > 0), None)
    return TableLine(
        item=line.item,
        drawn=line.drawn,
        last=line.last,
        expected=line.expected,
        filled_at=filled.at if filled is not None else None,
        within=facts.fresh_within.get(series.item),
        alerts=[one for one in facts.open_alerts if one.item == series.item and one.topic is not Topic.DURATION],
    )


def _line(facts: PipelineFacts, series: Series, charts: Charts, *, small: bool) -> Line:
    last = series.points[-1].value
    shown = _trend(facts, series, charts, _FEW if small and charts.full else 1)
    drawn: Content = sparkline([point.value for point in series.points[-_FEW:]])
    if small and charts.full and shown.points:
        drawn = draw_chart(shown, small=True)
    return Line(item=series.item, drawn=drawn, last=shown.words(last), expected=shown.expected)


def _trend(facts: PipelineFacts, series: Series, charts: Charts, newest: int) -> Trend:
    return trend(series, facts.alerts, false_alerts=charts.false_alerts, newest=newest, since=charts.since)
