"""Times that people name by the clock on their wall: "mon-fri 08:00-18:00 Europe/Berlin".

A window opens and closes once a day, also where the clock is set: a time that it shows twice is the first of the two,
and one that it never shows is the moment to which it is set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TypeAlias

from tocsin.core.schedules.wall_clock import moment_of
from tocsin.core.schedules.zone import zone as zone_named

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS = {name: number for number, day in enumerate(_DAYS) for name in (day, day[:3])}
_DAY = timedelta(days=1)
#: Days within which a weekly window changes, if it ever does: the clock may skip it on one day of the week.
_LONGEST = 16
_HOURS = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)")
_ONCE = re.compile(r"(\d{4}-\d\d-\d\d)[ t](\d\d:\d\d) to (\d{4}-\d\d-\d\d)[ t](\d\d:\d\d)(?: (\S+))?", re.IGNORECASE)
_EXAMPLES = '"mon-fri 08:00-18:00 Europe/Berlin", "sat,sun", "22:00-06:00" or "2026-12-24 18:00 to 2026-12-27 06:00"'


@dataclass(frozen=True, kw_only=True)
class Weekly:
    """A window on some days of every week."""

    #: As it was written.
    text: str
    #: 0 is Monday. A window over midnight belongs to the day on which it opens.
    days: frozenset[int]
    #: Since the midnight on which the day begins.
    opens: timedelta
    #: Since the same midnight; more than a day for a window over midnight.
    closes: timedelta
    zone: tzinfo

    def __str__(self) -> str:
        return self.text

    def covers(self, now: datetime) -> bool:
        """Whether the window is open."""
        return _covers(self, now)

    def changes_after(self, now: datetime) -> datetime | None:
        """Return the next moment at which `covers` gives another answer, in UTC; None if there is none."""
        return _changes_after(self, now)

    def around(self, now: datetime, *, days: int) -> Iterator[tuple[datetime, datetime]]:
        """Yield when the window opens and closes, from the day before yesterday on and so many days ahead."""
        today = now.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        for number in range(-2, days + 1):
            day = today + number * _DAY
            if day.weekday() in self.days:
                yield moment_of(day + self.opens, self.zone), moment_of(day + self.closes, self.zone)


# Thousands of alerts ask the same window about one moment.
@lru_cache(maxsize=1000)
def _covers(window: Weekly, now: datetime) -> bool:
    return any(opens <= now < closes for opens, closes in window.around(now, days=1))


@lru_cache(maxsize=1000)
def _changes_after(window: Weekly, now: datetime) -> datetime | None:
    covered = _covers(window, now)
    for opens, closes in window.around(now, days=_LONGEST):
        # Windows that touch each other, as whole days do, are one.
        for moment in (opens, closes):
            if moment > now and _covers(window, moment) is not covered:
                return moment
    return None


@dataclass(frozen=True, kw_only=True)
class Once:
    """A window that is open one time."""

    #: As it was written.
    text: str
    opens_at: datetime
    closes_at: datetime

    def __str__(self) -> str:
        return self.text

    def covers(self, now: datetime) -> bool:
        """Whether the window is open."""
        return self.opens_at <= now < self.closes_at

    def changes_after(self, now: datetime) -> datetime | None:
        """Return the next moment at which `covers` gives another answer, in UTC; None if there is none."""
        return next((moment for moment in (self.opens_at, self.closes_at) if moment > now), None)


Window: TypeAlias = Weekly | Once


def parse_window(text: str, *, zone: str = "UTC") -> Window:
    """Read a window.

    Args:
        text: Days, hours or both, then the zone if it is another: "mon-fri 08:00-18:00 Europe/Berlin", "sat,sun",
            "22:00-06:00"; or two moments: "2026-12-24 18:00 to 2026-12-27 06:00 Europe/Berlin".
        zone: The zone of a text that names none.

    Raises:
        ValueError: The text is no window, or there is no zone of that name.
    """
    said = re.sub(r"\s*([-,])\s*", r"\1", " ".join(text.split()))
    return _once(text, form, zone) if (form := _ONCE.fullmatch(said)) else _weekly(text, said.split(), zone)


def _once(text: str, form: re.Match[str], zone: str) -> Once:
    place = zone_named(form[5] or zone)
    try:
        opens, closes = (
            datetime.strptime(f"{form[day]} {form[day + 1]}", "%Y-%m-%d %H:%M")  # noqa: DTZ007  # a clock on a wall
            for day in (1, 3)
        )
    except ValueError as error:
        raise _refused(text, "one of its dates does not exist") from error
    if closes <= opens:
        raise _refused(text, "it ends before it begins")
    return Once(text=text, opens_at=moment_of(opens, place), closes_at=moment_of(closes, place))


def _weekly(text: str, words: list[str], zone: str) -> Weekly:
    days = _days(words[0].lower()) if words else None
    rest = words[1:] if days else words
    hours = _HOURS.fullmatch(rest[0]) if rest else None
    rest = rest[1:] if hours else rest
    if len(rest) > 1 or not (days or hours):
        raise _refused(text, "it is no window")
    opens, closes = _read_hours(text, hours) if hours else (timedelta(0), _DAY)
    place = zone_named(rest[0] if rest else zone)
    return Weekly(text=text, days=days or frozenset(range(7)), opens=opens, closes=closes, zone=place)


def _days(word: str) -> frozenset[int] | None:
    """Return the days that "mon-wed,sat" names, or None if it is no such word."""
    days: set[int] = set()
    for part in word.split(","):
        first, _, last = part.partition("-")
        if first not in _NUMBERS or (last or first) not in _NUMBERS:
            return None
        length = (_NUMBERS[last or first] - _NUMBERS[first]) % 7
        days |= {(_NUMBERS[first] + number) % 7 for number in range(length + 1)}
    return frozenset(days)


def _read_hours(text: str, form: re.Match[str]) -> tuple[timedelta, timedelta]:
    opens, closes = (timedelta(hours=int(form[hour]), minutes=int(form[hour + 1])) for hour in (1, 3))
    if int(form[2]) >= 60 or int(form[4]) >= 60 or opens >= _DAY or closes > _DAY:  # noqa: PLR2004  # minutes
        raise _refused(text, "there is no such time of day")
    if opens == closes:
        raise _refused(text, "it ends when it begins; for whole days leave the hours out")
    return opens, closes if closes > opens else closes + _DAY


def _refused(text: str, why: str) -> ValueError:
    return ValueError(f"{text!r} cannot be used: {why}. Write for example {_EXAMPLES}")
