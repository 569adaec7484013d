"""Numbers, times and lists as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

#: Below so many seconds a tenth of a second matters.
_SHORT = 10


def count(number: int, noun: str) -> str:
    """Return "1 row", "1,204 rows"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def ordinal(number: int) -> str:
    """Return "1st", "2nd", "11th"."""
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def listing(items: Sequence[str], *, most: int) -> str:
    """Return "a, b, c +60 more": what is left out is counted."""
    shown = ", ".join(items[:most])
    return f"{shown} +{len(items) - most} more" if len(items) > most else shown


def duration(length: timedelta) -> str:
    """Return the two largest units: "0.4 s", "12 s", "3 min 5 s", "2 h 10 min", "3 d 4 h"."""
    seconds = max(length.total_seconds(), 0)
    if seconds < _SHORT:
        return f"{seconds:.1f} s"
    parts: list[str] = []
    left = round(seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        number, left = divmod(left, size)
        if number or parts:
            parts.append(f"{number} {unit}" if number else "")
    return " ".join(part for part in parts[:2] if part)


def moment(at: datetime) -> str:
    """Return "23 Nov 2026 05:14:09 UTC"."""
    return f"{at.day} {at:%b %Y %H:%M:%S} {at.tzname() or ''}".rstrip()
