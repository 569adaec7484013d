"""From times on a clock on the wall to moments, over both changes of a year.

Cron and OnCalendar describe what a clock on a wall shows. Twice a year that clock is set: in spring it shows some
times never, in autumn some times twice. One rule decides for both notations, that of Debian's cron
(https://manpages.debian.org/stable/cron/cron.8.en.html):

* A schedule that follows the hours (its field of hours or of minutes begins with a star: hourly, every half hour)
  runs through every hour that passes, the repeated one included, and at no time that the clock never shows.
* Any other schedule names times of a day, and each of them comes once: at the first of two, and where the clock
  skips it, at the moment to which the clock is set. Skipped times that meet there are one.
* A clock that is set forward by more than three hours has skipped a day, as Samoa did in 2011, and what the day held.
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

#: On the wall of no zone. systemd's calendar begins here, and cron is no older.
FIRST_DAY = datetime(1970, 1, 1)  # noqa: DTZ001
#: The most by which a clock is set and still means the same day.
_LONGEST_CHANGE = timedelta(hours=3)


@dataclass(frozen=True, kw_only=True)
class WallClock:
    """A pattern of times on the wall."""

    #: Given a naive time, the naive times of the pattern after it, strictly increasing.
    times_after: Callable[[datetime], Iterator[datetime]]
    #: Whether the pattern follows the hours that pass, and does not name times of a day.
    follows_hours: bool


def moments_after(pattern: WallClock, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    """Yield the moments of `pattern` in `zone` strictly after `after`, in UTC and strictly increasing."""
    # After a clock has been set back it shows times that are earlier than the present one.
    soon = (after + _LONGEST_CHANGE).astimezone(zone).replace(tzinfo=None) - _LONGEST_CHANGE
    start = min(after.astimezone(zone).replace(tzinfo=None), soon)
    last = after
    #: Moments in a repeated hour are found before others that precede them.
    waiting: list[datetime] = []
    for wall in pattern.times_after(start):
        for moment in _moments(wall, zone, follows_hours=pattern.follows_hours):
            heapq.heappush(waiting, moment)
        # No later time on the wall comes before the first moment of this one.
        first = wall.replace(tzinfo=zone).astimezone(UTC)
        while waiting and waiting[0] <= first:
            moment = heapq.heappop(waiting)
            if moment > last:
                last = moment
                yield moment
    yield from (moment for moment in sorted(waiting) if moment > last)


def moment_of(wall: datetime, zone: tzinfo) -> datetime:
    """Return when a clock in `zone` shows `wall`, in UTC: the first of two, or the moment at which it skips it."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first if first <= second else _change(second, first, zone)


def _moments(wall: datetime, zone: tzinfo, *, follows_hours: bool) -> Iterator[datetime]:
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        yield first
        if follows_hours and second != first:
            yield second
    elif not follows_hours and first - second <= _LONGEST_CHANGE:
        # The two readings of a skipped time lie on either side of the change.
        yield _change(second, first, zone)


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the moment between two at which the clock is set."""
    offset = after.astimezone(zone).utcoffset()
    seconds = range(int((after - before).total_seconds()) + 1)
    passed = bisect.bisect_left(
        seconds, x=True, key=lambda s: (before + timedelta(seconds=s)).astimezone(zone).utcoffset() == offset
    )
    return before + timedelta(seconds=passed)
