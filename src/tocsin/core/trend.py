"""The points of a series beside what was expected of each of them when it came: what charts draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from tocsin.core.alert import Alert
from tocsin.core.finding import Topic
from tocsin.core.judgement import judge_values
from tocsin.core.judgement_words import usual_text
from tocsin.core.limits import Limits
from tocsin.core.series import LeftOut, Measure, Point, Series
from tocsin.core.words import amount, duration

_TOPICS = {Measure.ROWS: {Topic.VOLUME, Topic.DUPLICATE}, Measure.SECONDS: {Topic.DURATION}}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One point of a trend."""

    at: datetime
    value: float
    #: What was expected of it; None where too little was known by then.
    low: float | None = None
    high: float | None = None
    #: The same in words: "900 to 1,500", "8 to 10 min"; empty where too little was known.
    expected: str = ""
    #: Why nothing was learned from it.
    left_out: LeftOut | None = None
    #: Whether an alert was about it.
    unusual: bool = False


@dataclass(frozen=True, kw_only=True)
class Trend:
    """The newest points of one table or step, oldest first."""

    measure: Measure
    item: str
    points: tuple[Judged, ...]

    @property
    def name(self) -> str:
        """What it shows: "rows of orders", "duration of extract", "duration"."""
        if self.measure is Measure.ROWS:
            return f"rows of {self.item}"
        return f"duration of {self.item}" if self.item else "duration"

    @property
    def unusual(self) -> int:
        """How many of its points alerts were about."""
        return sum(point.unusual for point in self.points)

    @property
    def expected(self) -> str:
        """What was expected of the newest point of which something was, in words; empty where there is none."""
        return next((point.expected for point in reversed(self.points) if point.expected), "")

    def words(self, value: float) -> str:
        """Return a value with its unit: "1,204", "3 min 5 s"."""
        return words(self.measure, value)

    def judgement(self, point: Judged) -> str:
        """Return a point in words: "1,204, expected 900 to 1,500, unusual"."""
        parts = [
            self.words(point.value),
            f"expected {point.expected}" if point.expected else "",
            "unusual" if point.unusual else f"{point.left_out}, not learned from" if point.left_out else "",
        ]
        return ", ".join(part for part in parts if part)


def trend(
    series: Series, alerts: Iterable[Alert] = (), *, false_alerts: float, newest: int, since: datetime | None = None
) -> Trend:
    """Return the newest points of a series with what was expected of each.

    Args:
        series: What the runs have brought.
        alerts: Alerts about the pipeline, of any topic; those that are over included.
        false_alerts: How many false alerts a month are accepted, which decides how wide the expected range is.
        newest: How many points at most.
        since: None that is older than this.
    """
    about = frozenset(
        alert.logical_id for alert in alerts if alert.topic in _TOPICS[series.measure] and alert.item == series.item
    )
    shown = [point for point in series.points if since is None or point.at >= since][-newest:]
    return _trend(series, len(shown), about, false_alerts)


@lru_cache(maxsize=256)
def _trend(series: Series, newest: int, about: frozenset[str], false_alerts: float) -> Trend:
    """Return the newest points; remembered, because a page that is looked at asks for the same again and again."""
    points = series.points[len(series.points) - newest :]
    judged = tuple(_judged(series, point, about, false_alerts) for point in points)
    return Trend(measure=series.measure, item=series.item, points=judged)


def words(measure: Measure, value: float) -> str:
    """Return a value of a series with its unit: "1,204", "3 min 5 s"."""
    return amount(round(value)) if measure is Measure.ROWS else duration(timedelta(seconds=value))


def _judged(series: Series, point: Point, about: frozenset[str], false_alerts: float) -> Judged:
    until = replace(series, points=tuple(one for one in series.points if one.at <= point.at))
    judged = judge_values({series.key: until}, point.logical_id, limits=Limits(), false_alerts=false_alerts)
    low, high = judged[series.key].usual or (None, None)
    expected = usual_text(judged[series.key]).removeprefix("usually ")
    return Judged(
        at=point.at,
        value=point.value,
        low=low,
        high=high,
        expected=expected,
        left_out=point.left_out,
        unusual=point.left_out is LeftOut.UNUSUAL or point.logical_id in about,
    )
