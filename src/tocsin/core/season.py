"""What repeats itself in a series: the days of a week where runs are daily, the hours of a day where there are more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_DAYS = 7
_SATURDAY = 5
#: As many times a season has to be known before a part of it is told from its neighbours.
_TIMES = 3
#: An effect of n values is trusted n/(n+2): two values half, eight values four fifths. Even ones are trusted sooner.
_SHRINK = 2


class Season(StrEnum):
    """What repeats itself."""

    WEEK = "weekday"
    DAY = "hour of the day"
    NONE = ""

    def part(self, at: datetime) -> int:
        """Return the part of the season that a moment belongs to."""
        return at.weekday() if self is Season.WEEK else at.hour if self is Season.DAY else 0


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How often a series gets a value, and what repeats itself in it."""

    season: Season = Season.NONE
    #: The median gap between two values; a day where too little is known.
    interval: timedelta = _DAY


def rhythm(times: Sequence[datetime]) -> Rhythm:
    """Return the rhythm of values that came at these times, oldest first."""
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    if not gaps:
        return Rhythm()
    interval = gaps[len(gaps) // 2]
    if interval > 2 * _DAY:
        return Rhythm(interval=interval)
    if interval > _DAY * 3 / 4:
        return Rhythm(season=Season.WEEK, interval=interval)
    # Runs that are closer than an hour do not reach back over enough days to know their hours.
    return Rhythm(season=Season.DAY if interval > _HOUR * 3 / 4 else Season.NONE, interval=interval)


def is_known(found: Rhythm, times: Sequence[datetime], at: datetime) -> bool:
    """Return whether values that came at these times say anything about one that comes at this moment.

    Working days say nothing about the first weekend, and two days little about the hours of the third.
    """
    if found.season is Season.WEEK:
        return any((time.weekday() >= _SATURDAY) is (at.weekday() >= _SATURDAY) for time in times)
    return found.season is Season.NONE or at - times[0] >= _TIMES * _DAY


def effects(found: Rhythm, times: Sequence[datetime], values: Sequence[float]) -> dict[int, float]:
    """Return by how much the values of each part of the season differ from those around them.

    A value is compared with the median of one season around it, so that growth is not taken for a season. Effects of
    few values, and of uneven ones, are shrunk. Of a week that is hardly known, working days and weekends are told apart
    first.
    """
    season = found.season
    around = _DAYS if season is Season.WEEK else max(round(_DAY / max(found.interval, _HOUR / 60)), 3)
    if season is Season.NONE or len(values) < 2 * around:
        return {}
    half, last = around // 2, len(values) - around
    levels = [median(values[start : start + around]) for start in range(last + 1)]
    residuals = [value - levels[min(max(index - half, 0), last)] for index, value in enumerate(values)]
    parts = [season.part(at) for at in times]
    if len(values) >= _TIMES * around:
        return _shrunk(parts, residuals)
    if season is Season.DAY:
        return {}
    of_weekend = _shrunk([part >= _SATURDAY for part in parts], residuals)
    left = [residual - of_weekend[part >= _SATURDAY] for part, residual in zip(parts, residuals, strict=True)]
    return {part: of_weekend[part >= _SATURDAY] + effect for part, effect in _shrunk(parts, left).items()}


def _shrunk(parts: Sequence[int], residuals: Sequence[float]) -> dict[int, float]:
    groups: defaultdict[int, list[float]] = defaultdict(list)
    for part, residual in zip(parts, residuals, strict=True):
        groups[part].append(residual)
    return {part: _trusted(group) for part, group in groups.items()}


def _trusted(group: list[float]) -> float:
    """Return the median of a group, shrunk by what its number and its spread leave open."""
    effect = median(group)
    spread = median(abs(value - effect) for value in group)
    uneven = min(1.0, spread / abs(effect)) if effect and len(group) >= _TIMES else 1.0
    return effect * len(group) / (len(group) + _SHRINK * uneven)
