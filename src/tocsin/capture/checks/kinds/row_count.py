"""Does a table have as many rows as it should?"""

from __future__ import annotations

from sqlglot import exp

from tocsin.capture.checks.asked import Asked
from tocsin.capture.checks.kinds.value_range import beyond

SHOWS = "row_count"


def failing(asked: Asked) -> exp.Query:
    """Return the query for the number of rows, if it lies outside of the bounds."""
    name = exp.to_identifier(asked.place.fold(SHOWS), quoted=True)
    counted = exp.select(exp.alias_(exp.Count(this=exp.Star()), name)).from_(asked.source.copy()).subquery("counted")
    return exp.select("*").from_(counted).where(exp.or_(*beyond(asked, exp.column(name.copy()))))
