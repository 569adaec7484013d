"""`every 15m`: a length of time that repeats, whatever a clock on the wall shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tocsin.core.duration import parse_duration

_SHORTEST = timedelta(seconds=1)


def read_every(text: str) -> timedelta:
    """Read the length in "every 1h30m".

    Raises:
        ValueError: There is no length after "every", or it is shorter than a second.
    """
    length = text.split(maxsplit=1)[1:]
    try:
        # A bare number has no unit, and whether it means minutes or seconds matters here.
        interval = parse_duration(length[0]) if length and not length[0].isdecimal() else None
    except (ValueError, OverflowError):
        interval = None
    if interval is None or interval < _SHORTEST:
        raise ValueError(
            f'{text!r} names no length of a second or more; write for example "every 15m" or "every 1h30m"'
        )
    return interval


def repetitions_after(interval: timedelta, after: datetime, anchor: datetime) -> Iterator[datetime]:
    """Yield the moments whole intervals away from `anchor` and strictly after `after`; they never drift."""
    passed = (after - anchor) // interval
    while True:
        passed += 1
        yield anchor + passed * interval
