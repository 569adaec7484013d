"""Is each value, or each combination of them, there once?"""

from __future__ import annotations

from sqlglot import exp

from tocsin.capture.checks.asked import Asked


def failing(asked: Asked) -> exp.Query:
    """Return the query for the values that are there more than once, with how often; empty ones are no values."""
    times = exp.Count(this=exp.Star())
    return (
        exp.select(*(column.copy() for column in asked.columns), exp.alias_(times, "times"))
        .from_(asked.source.copy())
        .where(*(column.copy().is_(exp.null()).not_() for column in asked.columns))
        .group_by(*(column.copy() for column in asked.columns))
        .having(exp.GT(this=times.copy(), expression=exp.Literal.number(1)))
    )
