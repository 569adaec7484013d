"""What a server was given and has not looked at yet, and moments that another clock has told."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar, cast

T = TypeVar("T")

#: Clocks that differ by less agree: so much lies between sending a report and its coming in anyway.
AGREE = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class Received:
    """One event as it came in."""

    #: Its place in the queue, which the store gives; 0 before that.
    number: int = 0
    event_id: str
    #: The event in JSON, as it was sent.
    text: str
    #: When it came in, by the clock of the server.
    at: datetime
    #: By how much the clock of the sender is ahead of that of the server; below zero where it is behind.
    clock_ahead: timedelta = timedelta(0)

    @property
    def clocks_differ(self) -> bool:
        """Whether the moments that the event tells have to be corrected."""
        return abs(self.clock_ahead) >= AGREE


def shifted(value: T, by: timedelta) -> T:
    """Return `value` with all its moments moved, in its fields, tuples and mappings too, however deep.

    Raises:
        OverflowError: A moment would lie outside the years 1 to 9999.
    """
    return cast("T", _shifted(value, by))


def _shifted(value: Any, by: timedelta) -> Any:  # noqa: ANN401  # any fact
    if isinstance(value, datetime):
        return value + by
    if isinstance(value, tuple):
        return tuple(_shifted(item, by) for item in value)
    if isinstance(value, Mapping):
        return {key: _shifted(item, by) for key, item in value.items()}
    kind: type = type(value)
    if (names := _fields(kind)) is None:
        return value
    before = {name: getattr(value, name) for name in names}
    after = {name: _shifted(item, by) for name, item in before.items()}
    changed = {name: item for name, item in after.items() if item is not before[name] and item != before[name]}
    return dataclasses.replace(value, **changed) if changed else value


@cache
def _fields(kind: Hashable) -> tuple[str, ...] | None:
    return tuple(one.name for one in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None
