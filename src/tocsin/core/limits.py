"""What is asked of what a pipeline brings, as configured. It costs nothing to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: How many false alerts of each table, and of each step, are accepted in a month.
FALSE_ALERTS = 0.3


@dataclass(frozen=True, kw_only=True)
class RowLimits:
    """How many rows a load of a table has to bring, and may bring at most; None for no limit."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is asked of what a pipeline brings."""

    #: Whether the rows of tables are judged, and how long its runs take.
    volume: bool = True
    duration: bool = True
    #: By table; hard limits, which need no history.
    rows: Mapping[str, RowLimits] = field(default_factory=dict)
