"""What is unusual in what a run has brought: all its tables and steps at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import NamedTuple

from tocsin.core import absence
from tocsin.core.detect import Expected, expect
from tocsin.core.limits import Limits, RowLimits
from tocsin.core.season import Season, rhythm
from tocsin.core.series import Key, LeftOut, Measure, Point, Series

_MONTH, _DAY = timedelta(days=30), timedelta(days=1)
#: Of the alerts of one run, at most this share may be false.
_FALSE = 0.2
_LEAST_ALPHA, _MOST_ALPHA = 1e-6, 0.05
#: What is not so much more or less is not worth a word: a share of the rows and rows, a share of the time and seconds.
_MATERIAL = {Measure.ROWS: (0.2, 5), Measure.SECONDS: (0.5, 60)}
#: A level is taken for the new normal once it lasted so many runs, over so much time, and varies by no more than this.
_RUNS, _LASTS, _EQUAL = 3, timedelta(days=1, hours=12), 0.25

#: Where most of so many runs, and most within so much time, were unusual, learning begins anew.
_LOST, _LOST_WITHIN = 10, timedelta(days=4)
#: What is unusual in one hour is so in the next: no more independent tests a day are counted than these make.
_APART = timedelta(hours=6)


class Why(StrEnum):
    """Why a value is told."""

    NOTHING = "nothing came"
    TOO_FEW = "fewer than configured"
    TOO_MANY = "more than configured"
    LOW = "unusually low"
    HIGH = "unusually high"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What a value of a run is, beside those before it."""

    #: With the value; it is left out of what is learned where it is unusual.
    series: Series
    point: Point
    #: None while too little is known.
    expected: Expected | None = None
    #: The range outside of which a value is told; None while too little is known.
    usual: tuple[float, float] | None = None
    #: None for a value that is as usual, or that is not judged.
    why: Why | None = None
    #: The value before it was unusual too.
    again: bool = False
    #: It has the level of the unusual values before it, which is the normal one from now on.
    new_level: bool = False

    @property
    def settled(self) -> bool:
        """Whether the value shows that all is as usual: those of extra runs and of full refreshes do not."""
        return self.why is None and self.point.left_out is None


class _Weighed(NamedTuple):
    """A value beside what was expected."""

    expected: Expected
    p_value: float
    alpha: float


def judge_values(
    observed: Mapping[Key, Series], logical_id: str, *, limits: Limits, false_alerts: float
) -> Mapping[Key, Judgement]:
    """Return what each value that a run has brought is, by measure and item.

    Args:
        observed: The series that the run added a point to.
        logical_id: Which point that is.
        limits: What is asked of them.
        false_alerts: How many false alerts of each are accepted in a month.
    """
    points = {key: point for key, series in observed.items() if (point := series.point(logical_id)) is not None}
    asked = {
        key: observed[key].before(point)
        for key, point in points.items()
        if point.left_out in {None, LeftOut.UNUSUAL} and (limits.volume if key[0] is Measure.ROWS else limits.duration)
    }
    weighed = {key: found for key, known in asked.items() if (found := _weigh(known, points[key], false_alerts))}
    most = {measure: _most([one.p_value for key, one in weighed.items() if key[0] is measure]) for measure in Measure}
    judged = {key: Judgement(series=observed[key], point=point) for key, point in points.items()}
    for key, known in asked.items():
        found = weighed.get(key)
        why = _why(known, points[key], found, most[key[0]], limits.rows.get(key[1]))
        judged[key] = _judged(observed[key], known, points[key], found, why, false_alerts)
    return judged


def _weigh(known: Series, point: Point, false_alerts: float) -> _Weighed | None:
    expected = expect(known, point.at)
    if expected is None:
        return None
    alpha = false_alerts * (max(expected.rhythm.interval, _APART) / _MONTH)
    return _Weighed(expected, expected.p_value(point.value), min(max(alpha, _LEAST_ALPHA), _MOST_ALPHA))


def _most(p_values: list[float]) -> float:
    """Return the highest p-value that counts beside all others (Benjamini-Hochberg): among many, some are far off."""
    ranked = enumerate(sorted(p_values), start=1)
    return max((p for rank, p in ranked if p <= _FALSE * rank / len(p_values)), default=0.0)


def _why(known: Series, point: Point, found: _Weighed | None, most: float, asked: RowLimits | None) -> Why | None:
    if known.measure is Measure.ROWS:
        if asked is not None and asked.least is not None and point.value < asked.least:
            return Why.TOO_FEW if point.value else Why.NOTHING
        if asked is not None and asked.most is not None and point.value > asked.most:
            return Why.TOO_MANY
        if not point.value:
            return Why.NOTHING if absence.is_unusual(known, point.at) else None
    if found is None or found.p_value > min(found.alpha, most) or not _is_material(known.measure, point, found):
        return None
    if found.expected.score(point.value) > 0:
        return Why.HIGH
    return Why.LOW if known.measure is Measure.ROWS else None


def _is_material(measure: Measure, point: Point, found: _Weighed) -> bool:
    share, least = _MATERIAL[measure]
    off = abs(point.value - found.expected.typical)
    return off >= max(share * found.expected.typical, least)


def _judged(
    series: Series, known: Series, point: Point, found: _Weighed | None, why: Why | None, false_alerts: float
) -> Judgement:
    again = _unusual_before(known)
    if why in {Why.NOTHING, Why.LOW, Why.HIGH} and (twins := _twins(known, point)):
        for twin in twins:
            series = series.leave_out(twin.logical_id, None)
        why = None
    if why in {Why.LOW, Why.HIGH} and _is_lost(known):
        return Judgement(series=series.accept(known.points[0].at), point=point)
    if why in {Why.LOW, Why.HIGH} and (since := _new_level_since(known)) is not None:
        accepted = _weigh(known.accept(since), point, false_alerts)
        if accepted is not None and accepted.p_value > accepted.alpha:
            return Judgement(
                series=series.accept(since),
                point=point,
                expected=accepted.expected,
                usual=accepted.expected.bounds(accepted.alpha),
                new_level=True,
            )
    return Judgement(
        series=series.leave_out(point.logical_id, LeftOut.UNUSUAL if why is not None else None),
        point=point,
        expected=found.expected if found is not None else None,
        usual=found.expected.bounds(found.alpha) if found is not None else None,
        why=why,
        again=why is not None and bool(again),
    )


def unusual_since(series: Series) -> datetime | None:
    """Return since when all values of a series were unusual; None where the newest is not."""
    before = _unusual_before(series)
    return before[0].at if before else None


def _unusual_before(known: Series) -> list[Point]:
    """Return the unusual values that a series ends with, oldest first; what shows nothing is passed over."""
    found: list[Point] = []
    for point in reversed(known.points):
        if point.left_out is None:
            break
        if point.left_out is LeftOut.UNUSUAL:
            found.append(point)
    return found[::-1]


def _twins(known: Series, point: Point) -> list[Point]:
    """Return the last values of the same weekday, or hour, if they were told as unusual and equal this one.

    It is a habit then. What lies between them has to be as usual: an outage of two weeks is none.
    """
    season = rhythm([each.at for each in known.points]).season
    if season is Season.NONE:
        return []
    alike = [each for each in known.points if season.part(each.at) == season.part(point.at)][1 - _RUNS :]
    if len(alike) < _RUNS - 1 or not all(each.left_out is LeftOut.UNUSUAL for each in alike):
        return []
    between = [each.left_out is None for each in known.points if each.at > alike[0].at]
    habit = sum(between) > len(between) / 2 and _are_equal([each.value for each in [*alike, point]])
    return alike if habit else []


def _are_equal(values: Sequence[float]) -> bool:
    middle = median(values)
    return all(abs(value - middle) <= _EQUAL * middle for value in values)


def _beside_usual(known: Series, points: Sequence[Point]) -> list[float]:
    """Return values as parts of what had been expected of each, so that a weekend looks like the days around it."""
    expected = [expect(known, point.at) for point in points]
    return [
        point.value / one.typical if one is not None and one.typical else point.value
        for point, one in zip(points, expected, strict=True)
    ]


def _is_lost(known: Series) -> bool:
    """Return whether most of the newest values were unusual and not nothing: then it is not known what is usual."""
    told = [point for point in known.points if point.left_out in {None, LeftOut.UNUSUAL}]
    of_last_days = [point for point in told if told[-1].at - point.at <= _LOST_WITHIN]
    newest = max(of_last_days, told[-_LOST:], key=len)
    unusual = sum(point.left_out is LeftOut.UNUSUAL and point.value > 0 for point in newest)
    return len(newest) >= _LOST and unusual > len(newest) / 2


def _new_level_since(known: Series) -> datetime | None:
    """Return since when the values have been on a level that is another one and not nothing."""
    newest = _unusual_before(known)
    if len(newest) < _RUNS or newest[-1].at - newest[0].at < _LASTS or not all(point.value for point in newest):
        return None
    ends = newest[-1].at
    since = next(point.at for point in reversed(newest) if ends - point.at >= _LASTS or point is newest[0])
    level = [point for point in newest if point.at >= since]
    if len(level) < _RUNS:
        level = newest[-_RUNS:]
    return level[0].at if _are_equal(_beside_usual(known, level)) else None
