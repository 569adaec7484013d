"""The schedule that a pipeline keeps without being told: learned from when it started, once that is regular enough.

Two patterns are looked for, the daily one first:

* daily: at one time on the clock of a zone, on every day or on the same days of each week;
* every so many minutes or hours, up to twelve hours.

A pattern is believed only if the newest starts leave little doubt:

* There are at least seven of them (six gaps). The newest 30 are looked at, so that a changed schedule is noticed.
* They lie near the times of the pattern, within 30 minutes of a time of day or 5 % of a gap to either side. One may
  lie elsewhere, and one time may have no start; from 20 starts on, one in ten.
* A day of the week counts as free only after two weeks.
* A gap that does not divide an hour or a day needs 20 starts. Most often it is that of a job which waits for some
  time after each run: its starts drift, and keep to no times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from tocsin.core.schedule import LEARNED, Schedule, parse_schedule
from tocsin.core.schedules.zone import zone
from tocsin.core.words import count

_FEWEST = 7
_MOST = 30
_MANY = 20
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_TWO_WEEKS = 14
_ALL_DAYS = frozenset(range(7))
_NEAR_DAILY = timedelta(minutes=30)
_NEAR_REPEATED = 0.05
#: Gaps in minutes that people choose: they divide an hour or a day. One of them is tried if the median is near to it.
_USUAL = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720)
_ABOUT = 0.1
#: A start is waited for at least half a gap, or so long.
_PATIENCE = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Learned:
    """A schedule that a pipeline has kept so far."""

    schedule: Schedule
    #: From where "every" counts, see `slots_after`; None for a daily schedule.
    anchor: datetime | None
    #: How late a start may be before it is remarkable; stands in for `start_within`.
    start_within: timedelta
    #: How many starts it was learned from.
    runs: int


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """How times lie on a grid. They are all aware or all naive."""

    #: A point of the grid, not later than any start that is near to one.
    anchor: datetime
    #: The points that have a start near to them, counted from the anchor.
    points: frozenset[int]
    #: How far behind its point a start lies at most.
    spread: timedelta
    #: How many starts are near to no point, or to one that has a start already.
    stray: int


def learn(starts: Sequence[datetime], *, timezone: str = "UTC") -> Learned | None:
    """Return the schedule that the starts keep to, or None where they keep to none.

    Args:
        starts: When logical runs began that went well and were neither backfills nor started by a person; aware, in
            any order.
        timezone: IANA name of the zone on whose clock a daily schedule is looked for.

    Raises:
        ValueError: There is no such zone.
    """
    newest = sorted(starts)[-_MOST:]
    if len(newest) < _FEWEST:
        return None
    return _daily(newest, timezone) or _repeated(newest)


def _daily(starts: Sequence[datetime], timezone: str) -> Learned | None:
    walls = [start.astimezone(zone(timezone)).replace(tzinfo=None) for start in starts]
    fit = _fit(walls, _DAY, _NEAR_DAILY)
    allowed = _allowed(len(starts))
    days = range(min(fit.points), max(fit.points) + 1)
    weekday = {day: (fit.anchor + day * _DAY).isoweekday() % 7 for day in days}
    kept = _ALL_DAYS
    if len(days) - len(fit.points) > allowed and len(days) >= _TWO_WEEKS:
        kept = frozenset(weekday[day] for day in fit.points)
    left_out = sum(weekday[day] in kept for day in days) - len(fit.points)
    if fit.stray > allowed or left_out > allowed:
        return None
    text = f"{fit.anchor.minute} {fit.anchor.hour} * * {_weekdays(kept)}"
    return _learned(text, fit, gap=_DAY, anchor=None, timezone=timezone, runs=len(starts))


def _repeated(starts: Sequence[datetime]) -> Learned | None:
    allowed = _allowed(len(starts))
    for minutes in _gaps(starts):
        gap = minutes * _MINUTE
        fit = _fit(starts, gap, gap * _NEAR_REPEATED)
        left_out = max(fit.points) - min(fit.points) + 1 - len(fit.points)
        if fit.stray <= allowed and left_out <= allowed:
            hours, rest = divmod(minutes, 60)
            text = f"every {f'{hours}h' if hours else ''}{f'{rest}m' if rest else ''}"
            return _learned(text, fit, gap=gap, anchor=fit.anchor, timezone="UTC", runs=len(starts))
    return None


def _gaps(starts: Sequence[datetime]) -> Iterator[int]:
    """Yield the gaps in minutes that the starts may have, the usual one first."""
    typical = median((later - sooner) / _MINUTE for sooner, later in pairwise(starts))
    usual = min(_USUAL, key=lambda minutes: abs(minutes - typical))
    if abs(usual - typical) <= usual * _ABOUT:
        yield usual
    if len(starts) >= _MANY and round(typical) != usual and 1 <= round(typical) <= _USUAL[-1]:
        yield round(typical)


def _fit(times: Sequence[datetime], gap: timedelta, near: timedelta) -> _Fit:
    """Lay the grid to which the most times are near."""

    def inside(phase: datetime) -> list[tuple[int, timedelta]]:
        places = ((round((time - phase) / gap), time) for time in times)
        offsets = ((place, time - phase - place * gap) for place, time in places)
        return [(place, offset) for place, offset in offsets if abs(offset) <= near]

    phase = max(times, key=lambda time: len(inside(time)))
    found = inside(phase)
    earliest = phase + min(offset for _, offset in found)
    # What runs by a clock begins some seconds after a whole minute.
    whole = earliest.replace(second=0, microsecond=0)
    anchor = whole if earliest - whole <= near else earliest
    points = frozenset(place for place, _ in found)
    return _Fit(
        anchor=anchor,
        points=points,
        spread=max(phase + offset - anchor for _, offset in found),
        stray=len(times) - len(points),
    )


def _weekdays(days: frozenset[int]) -> str:
    """Return the field of a cron line for days of the week, Sunday being 0."""
    first, last = min(days), max(days)
    if len(days) == len(_ALL_DAYS):
        return "*"
    return f"{first}-{last}" if 1 < last - first == len(days) - 1 else ",".join(map(str, sorted(days)))


def _allowed(starts: int) -> int:
    """Return how many starts may be stray, and how many points may be left out."""
    return starts // 10 if starts >= _MANY else 1


def _learned(text: str, fit: _Fit, *, gap: timedelta, anchor: datetime | None, timezone: str, runs: int) -> Learned:
    return Learned(
        schedule=parse_schedule(text, timezone=timezone, source=f"{LEARNED} from {count(runs, 'run')}"),
        anchor=anchor,
        start_within=max(2 * fit.spread, min(gap / 2, _PATIENCE)),
        runs=runs,
    )
