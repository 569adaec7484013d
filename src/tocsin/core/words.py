"""Numbers, times and lists as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

#: Below so many seconds a tenth of a second matters.
_SHORT = 10
_KILO = 1000
_MILLION = 1_000_000


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


def durations(low: timedelta, high: timedelta) -> str:
    """Return a range in one unit, rounded outwards: "8 to 10 min", "up to 1 s"."""
    longest = high.total_seconds()
    size, unit = next(
        (size, unit) for least, size, unit in ((7200, 3600, "h"), (120, 60, "min"), (0, 1, "s")) if longest >= least
    )
    first, last = math.floor(low.total_seconds() / size), max(math.ceil(longest / size), 1)
    if not first:
        return f"up to {last} {unit}"
    return f"{last} {unit}" if first == last else f"{first} to {last} {unit}"


def amount(number: int) -> str:
    """Return "1,204", "5.2 M"."""
    return f"{number / _MILLION:,.1f} M" if number >= _MILLION else f"{number:,}"


def amounts(low: int, high: int) -> str:
    """Return a range of counts: "900 to 1,204", "1.0 to 1.2 M", "0"."""
    first, last = amount(low), amount(high)
    if first == last:
        return last
    return f"{first.removesuffix(' M') if low >= _MILLION else first} to {last}"


def room(size: float) -> str:
    """Return a number of bytes: "512 bytes", "4.1 MB"."""
    for unit in ("bytes", "kB", "MB"):
        if size < _KILO:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= _KILO
    return f"{size:,.1f} GB"


def moment(at: datetime) -> str:
    """Return "23 Nov 2026 05:14:09 UTC"."""
    return f"{at.day} {at:%b %Y %H:%M:%S} {at.tzname() or ''}".rstrip()
