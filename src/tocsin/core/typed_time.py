"""Times as people type them into a field: a length, a time of day, a day of the week, or a moment."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tocsin.core.duration import parse_duration
from tocsin.core.named_moment import next_moment, parse_moment
from tocsin.core.schedules.wall_clock import moment_of
from tocsin.core.schedules.zone import zone as zone_named

EXAMPLES = '"2h", "1d", "9:00", "tue 9:00" or "2026-11-24 09:00"'
#: Years in which every zone on earth has a calendar.
_FIRST, _LAST = 1970, 9000
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_LENGTH = re.compile(r"[\d.]+\s*[a-z].*", re.IGNORECASE)


def read_time(text: str, *, start: datetime, zone: str) -> datetime:
    """Return the moment that a text names, in UTC.

    Args:
        text: "2h" is so long after `start`, "9:00" the next one after it, "2026-11-24 09:00" itself.
        start: Aware.
        zone: The zone of times that name none.

    Raises:
        ValueError: It is none of these.
    """
    said = " ".join(text.split())
    try:
        found = _read(said, start, zone)
    except (ValueError, OverflowError):
        found = None
    if found is None or not _FIRST <= found.year <= _LAST:
        raise ValueError(f"{text!r} is no time; write for example {EXAMPLES}")
    return found


def _read(said: str, start: datetime, zone: str) -> datetime:
    if form := _TIME_OF_DAY.fullmatch(said):
        return _next(int(form[1]), int(form[2]), start=start, zone=zone)
    if _LENGTH.fullmatch(said):
        return start + parse_duration(said)
    return next_moment(parse_moment(said, zone=zone), start)


def _next(hour: int, minute: int, *, start: datetime, zone: str) -> datetime:
    place = zone_named(zone)
    today = start.astimezone(place).replace(hour=hour, minute=minute, second=0, microsecond=0, tzinfo=None)
    # Where the clock is set forward, one that is skipped may have passed already.
    days = (moment_of(today + timedelta(days=number), place) for number in range(3))
    return next(moment for moment in days if moment > start)
