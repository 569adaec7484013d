"""The usual range of a figure, from a short history of runs that went well."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from tocsin.core.words import amounts, durations

#: Fewer values than this say nothing about what is usual.
ENOUGH = 5
#: Turns the median of the absolute deviations into a standard deviation.
_MAD_TO_DEVIATION = 1.4826
#: Runs are never more alike than this, however alike the few that are known were.
_LEAST_SPREAD = 0.05
_DEVIATIONS = 3
#: What is not this much more than anything usual is not worth a word.
_MATERIAL = 1.2


@dataclass(frozen=True, kw_only=True)
class Range:
    """Where a figure usually lies. `low` and `high` were really seen; single outliers are left out of them."""

    low: float
    high: float
    typical: float
    #: Values that were looked at, outliers included.
    n: int
    #: From here on a value is above the range; higher than `high`.
    limit: float


def usual(values: Iterable[float]) -> Range | None:
    """Return the usual range of a figure, or None where too little is known.

    Deviations are measured from the median, in the logarithm of the values: a run with four times the rows is as far
    off as one with a quarter of them, and a few bad days do not move what is usual. Small numbers vary more than
    large ones, so the spread is never taken for less than that of a count (1/√x), nor for less than 5 %.

    Args:
        values: Seconds, rows and the like of runs that went well. The value to be judged must not be among them.
            Negative ones, which a clock that was set back leaves behind, are passed over.
    """
    known = sorted(value for value in values if value >= 0)
    if len(known) < ENOUGH:
        return None
    logs = [math.log1p(value) for value in known]
    center = median(logs)
    spread = max(
        _MAD_TO_DEVIATION * median(abs(log - center) for log in logs),
        _LEAST_SPREAD,
        1 / math.sqrt(math.exp(center)),
    )
    inside = [value for value, log in zip(known, logs, strict=True) if abs(log - center) <= _DEVIATIONS * spread]
    return Range(
        low=inside[0],
        high=inside[-1],
        typical=median(known),
        n=len(known),
        limit=max(math.expm1(center + _DEVIATIONS * spread), inside[-1] * _MATERIAL),
    )


def is_above(value: float, expected: Range) -> bool:
    """Return whether a value is higher than chance and habit explain."""
    return value > expected.limit


def usual_duration(expected: Range) -> str:
    """Return "usually 8 to 10 min" for a range of seconds."""
    return f"usually {durations(timedelta(seconds=expected.low), timedelta(seconds=expected.high))}"


def usual_amount(expected: Range) -> str:
    """Return "usually 1.0 to 1.2 M" for a range of counts."""
    return f"usually {amounts(round(expected.low), round(expected.high))}"
