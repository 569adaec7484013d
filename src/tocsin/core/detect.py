"""The range in which the next value of a series is expected, from the history of that series alone.

Values are compared by their logarithm: a third of the rows is as far off as three times the rows. The level follows the
values (a moving average that gives the newest the most weight), what repeats itself with the season is taken out, and
a value is unusual when it is further off than the series has ever been, and than a series of that size is by chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from statistics import median

from tocsin.core.season import Rhythm, Season, effects, is_known, rhythm
from tocsin.core.series import KEPT, Measure, Point, Series

#: Values that have to be known before any is judged.
ENOUGH = 4
#: Values of the same weekday or hour that are shown.
_ALIKE = 4
#: How much of the distance to a new value the level goes, and the spread.
_LEVEL, _SPREAD = 0.3, 0.1
#: A value pulls the level no further than so many spreads.
_CLIP = 5
#: No series is trusted to keep closer to its level than a fifth.
_LEAST = 0.2
#: The largest deviation to one side shows how far the other side may go: so much of it.
_OTHER_SIDE = 0.8
#: Days, or hours, that the first level is taken from.
_FIRST = 7
#: The largest deviation is that of so many newest values: a longer memory would only grow.
_REMEMBERED = 28
#: Values of a week that nothing is learned from what is older than: the newest two months.
_NEWEST = {Season.WEEK: 56}
#: Of usual values, this share is further off than the largest deviation known, and `a ** -_POWER` of them are `a` times
#: as far off. The first days say less: each weekend may be mistaken for a change.
_SHARE, _POWER = 0.032, 2.8
_FIRST_DAYS, _SHARE_OF_FIRST_DAYS = 10, 0.25


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Where a value is expected to lie, and how sure that is."""

    #: The middle of the range, and its deviations to both sides, in logarithms.
    center: float
    below: float
    above: float
    #: Values that this was learned from.
    n: int
    rhythm: Rhythm
    #: The newest values of the same part of the season, newest first.
    alike: tuple[Point, ...] = ()

    @property
    def typical(self) -> float:
        """The middle of the range."""
        return max(math.expm1(self.center), 0.0)

    def score(self, value: float) -> float:
        """Return how far off a value is, in deviations; negative where it is too low."""
        off = math.log1p(value) - self.center
        return off / (self.above if off > 0 else self.below)

    def p_value(self, value: float) -> float:
        """Return how often a usual day would be as far off as this one."""
        return tail(abs(self.score(value)), self.n)

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lowest and the highest value that is further off less often than `alpha`."""
        most = furthest(alpha, self.n)
        low, high = math.expm1(self.center - most * self.below), math.expm1(self.center + most * self.above)
        return max(low, 0.0), high


def tail(score: float, n: int) -> float:
    """Return how often usual values of a series with `n` known ones are as far off, or further.

    Measured on real series (see bench/detection.py), on that half of them which is not tested there.
    """
    return min(1.0, float(_share(n) * max(score, 1e-9) ** -_POWER))


def furthest(alpha: float, n: int) -> float:
    """Return the score that usual values exceed with this share: the inverse of `tail`."""
    return float((_share(n) / alpha) ** (1 / _POWER))


def _share(n: int) -> float:
    return _SHARE if n >= _FIRST_DAYS else _SHARE_OF_FIRST_DAYS


def expect(series: Series, at: datetime) -> Expected | None:
    """Return what is expected of a series at a moment, or None while too little is known.

    Nothing is learned from points that are left out, nor from zeros: whether nothing may come is another question.

    Args:
        series: What was known before that moment.
        at: When the run began whose value is to be judged.
    """
    known = [point for point in series.points if point.left_out is None]
    found = rhythm([point.at for point in known])
    known = known[-_NEWEST.get(found.season, KEPT) :]
    usable = [point for point in known if point.value > 0]
    if len(usable) < ENOUGH:
        return None
    times = [point.at for point in usable]
    if not is_known(found, times, at):
        return None
    logs = _on_one_level(usable, series.level_since)
    by_part = effects(found, times, logs)
    season = found.season
    flat = [value - by_part.get(season.part(time), 0.0) for time, value in zip(times, logs, strict=True)]
    level, spread, highest, lowest = _follow(flat)
    center = level + by_part.get(season.part(at), 0.0)
    # Counts of few rows vary by chance; seconds do not come one by one.
    by_chance = math.exp(-center / 2) if series.measure is Measure.ROWS else 0.0
    least = max(spread, _LEAST, by_chance)
    part = season.part(at)
    return Expected(
        center=center,
        below=max(least, lowest, highest * _OTHER_SIDE),
        above=max(least, highest, lowest * _OTHER_SIDE),
        n=len(usable),
        rhythm=found,
        alike=tuple(islice((point for point in reversed(known) if season.part(point.at) == part), _ALIKE)),
    )


def _on_one_level(points: Sequence[Point], since: datetime | None) -> list[float]:
    """Return the logarithms of values, those from before a new level was accepted lifted to it."""
    logs = [math.log1p(point.value) for point in points]
    if since is None:
        return logs
    before = sum(point.at < since for point in points)
    if not 0 < before < len(points):
        return logs
    lift = median(logs[before:]) - median(logs[max(before - 2 * _FIRST, 0) : before])
    return [value + lift for value in logs[:before]] + logs[before:]


def _follow(values: Sequence[float]) -> tuple[float, float, float, float]:
    """Return the level that values end on, their spread around it, and the largest deviations upwards and downwards."""
    level = median(values[:_FIRST])
    middle = median(values)
    variance = (1.4826 * median(abs(value - middle) for value in values)) ** 2
    highest = lowest = 0.0
    for index, value in enumerate(values):
        off = value - level
        most = _CLIP * max(math.sqrt(variance), _LEAST)
        pulled = max(-most, min(most, off))
        if index:
            variance += _SPREAD * (pulled * pulled - variance)
        if index >= len(values) - _REMEMBERED:
            highest, lowest = max(highest, off), max(lowest, -off)
        level += _LEVEL * pulled
    return level, math.sqrt(variance), highest, lowest
