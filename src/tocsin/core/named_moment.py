"""Moments as people name them in a configuration: one of the calendar, or one of every week."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TypeAlias

from tocsin.core.schedules.wall_clock import moment_of
from tocsin.core.schedules.zone import zone as zone_named
from tocsin.core.time_window import Window, parse_window

#: A moment, or the minute of every week that begins with it.
NamedMoment: TypeAlias = datetime | Window

_WEEKLY = re.compile(r"([a-z]+) ([01]?\d|2[0-3]):([0-5]\d)((?: \S+)?)", re.IGNORECASE)


def parse_moment(text: str, *, zone: str = "UTC") -> NamedMoment:
    """Read a moment.

    Args:
        text: "2026-11-23T03:00:00+01:00", or a day of the week and a time: "mon 03:00 Europe/Berlin".
        zone: The zone of a text that names none.

    Raises:
        ValueError: It is no moment, or there is no zone of that name.
    """
    said = " ".join(text.split())
    try:
        if (form := _WEEKLY.fullmatch(said)) is not None:
            begin = 60 * int(form[2]) + int(form[3])
            hours = "-".join(f"{minute // 60}:{minute % 60:02}" for minute in (begin, begin + 1))
            return parse_window(f"{form[1]} {hours}{form[4]}", zone=zone)
        moment = datetime.fromisoformat(said)
    except ValueError as error:
        because = f": {error}" if "time zone" in str(error) else ""
        example = 'write for example "2026-11-23T03:00:00+01:00" or "mon 03:00 Europe/Berlin"'
        raise ValueError(f"{text!r} is no moment{because}; {example}") from error
    return moment_of(moment, zone_named(zone)) if moment.tzinfo is None else moment.astimezone(UTC)


def next_moment(named: NamedMoment, now: datetime) -> datetime:
    """Return the moment that is meant: of one that comes every week the next."""
    if isinstance(named, datetime):
        return named
    if named.covers(now):
        return now
    return named.changes_after(now) or now
