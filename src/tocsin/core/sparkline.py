"""A row of small columns: what a series looked like, in one line of text."""

from __future__ import annotations

from collections.abc import Sequence

_COLUMNS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float]) -> str:
    """Return a column for each value, from nothing to the largest one; a value of zero is a dot."""
    highest = max(values, default=0)
    return "".join(_column(value, highest) for value in values)


def _column(value: float, highest: float) -> str:
    if value <= 0:
        return "·"
    return _COLUMNS[min(int(value / highest * len(_COLUMNS)), len(_COLUMNS) - 1)]
