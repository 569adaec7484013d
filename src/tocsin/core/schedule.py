"""When a pipeline is expected to start: cron, `every …` and OnCalendar become moments.

The rule for both changes of the clock in a year stands in `tocsin.core.schedules.wall_clock`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from tocsin.core.schedules.cron import read_cron
from tocsin.core.schedules.every import read_every, repetitions_after
from tocsin.core.schedules.on_calendar import read_on_calendar, split_zone
from tocsin.core.schedules.wall_clock import FIRST_DAY, WallClock, moments_after
from tocsin.core.schedules.zone import zone

#: How the source of a schedule begins that nobody wrote.
LEARNED = "learned"
#: An OnCalendar event with weekday, date, time and zone; what has more words is meant as a cron line.
_MOST_WORDS = 4


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a pipeline should start, as somebody wrote it. `parse_schedule` makes one that is sound."""

    #: "0 6 * * *", "every 15m", "Mon..Fri 06:00".
    text: str
    #: IANA name of the zone whose clock the text is about.
    timezone: str = "UTC"
    #: Where it was found, for people: ".dlt/config.toml", "tocsin.watch", "learned from 14 runs".
    source: str = ""

    @property
    def learned(self) -> bool:
        """Whether it was learned from the past, and so is a guess."""
        return self.source.startswith(LEARNED)


def parse_schedule(text: str, *, timezone: str = "UTC", source: str = "") -> Schedule:
    """Return the schedule that `text` writes.

    Args:
        text: A cron line or one of its names ("@daily"), "every" and a length of time, or a calendar event as
            systemd.time(7) names them.
        timezone: IANA name. A zone at the end of a calendar event goes before it.
        source: Where the text was found.

    Raises:
        ValueError: The text is no schedule, it never comes round, or there is no such zone. The message says what
            was found and what to write.
    """
    text = " ".join(text.split())
    pattern, own_zone = _read(text)
    zone(own_zone or timezone)
    if isinstance(pattern, WallClock) and next(pattern.times_after(FIRST_DAY), None) is None:
        raise ValueError(f"{text!r} names no day that ever comes; check its day and its month")
    return Schedule(text=text, timezone=own_zone or timezone, source=source)


def slots_after(schedule: Schedule, after: datetime, *, anchor: datetime | None = None) -> Iterator[datetime]:
    """Yield when the pipeline should start, in UTC, strictly after `after` and strictly increasing.

    The moments are computed as they are asked for; most schedules never end.

    Args:
        schedule: What `parse_schedule` returned.
        after: Aware.
        anchor: From where "every" counts, for example the first known run; without it, from `after`.

    Raises:
        ValueError: `after` or `anchor` is naive, or the schedule is not sound.
    """
    for moment in (after, anchor):
        if moment is not None and moment.tzinfo is None:
            raise ValueError(f"{moment!r} has no time zone; pass an aware datetime")
    after = after.astimezone(UTC)
    pattern, _ = _read(schedule.text)
    if isinstance(pattern, timedelta):
        return repetitions_after(pattern, after, (anchor or after).astimezone(UTC))
    return moments_after(pattern, zone(schedule.timezone), after)


@lru_cache(maxsize=1024)
def slot_after(schedule: Schedule, after: datetime, *, anchor: datetime | None = None) -> datetime | None:
    """Return the first of `slots_after`, or None where the schedule has come to its end.

    Remembered, because a fleet has few schedules for many pipelines and asks for the same moments again and again: to
    find the next one takes three times as long as to make a slot of it.
    """
    return next(slots_after(schedule, after, anchor=anchor), None)


@lru_cache(maxsize=1024)
def _read(text: str) -> tuple[WallClock | timedelta, str | None]:
    """Return what repeats, and the name of a zone that the text itself holds."""
    first, *others = text.split() or [""]
    if first.lower() == "every":
        return read_every(text), None
    if first.startswith("@") or len(others) >= _MOST_WORDS:
        return read_cron(text), None
    event, own_zone = split_zone(text)
    try:
        return read_on_calendar(event), own_zone
    except ValueError as error:
        raise ValueError(
            f'{text!r} is no schedule ({error}); write a cron line of five fields ("0 6 * * *"), "every 15m", '
            'or a calendar event ("Mon..Fri 06:00")'
        ) from error
