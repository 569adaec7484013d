"""What is asked of what a pipeline brings, as configured. It costs nothing to import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

#: How many false alerts of each table, and of each step, are accepted in a month.
FALSE_ALERTS = 0.3


@dataclass(frozen=True, kw_only=True)
class RowLimits:
    """How many rows a load of a table has to bring, and may bring at most; None for no limit."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, kw_only=True)
class FreshLimit:
    """How old a table may become."""

    #: For how long it may go without new rows.
    within: timedelta
    #: A column whose newest value may not be older either; empty where nobody asks for one.
    column: str = ""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is asked of what a pipeline brings."""

    #: Whether the rows of tables are judged, and how long its runs take.
    volume: bool = True
    duration: bool = True
    #: By table; hard limits, which need no history.
    rows: Mapping[str, RowLimits] = field(default_factory=dict)
    #: By table.
    fresh: Mapping[str, FreshLimit] = field(default_factory=dict)
