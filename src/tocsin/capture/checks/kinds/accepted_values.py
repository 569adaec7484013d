"""Does a column hold nothing but what it may hold?"""

from __future__ import annotations

from sqlglot import exp

from tocsin.capture.checks.asked import Asked, literal


def failing(asked: Asked) -> exp.Query:
    """Return the query for the rows with another value; an empty column has none."""
    accepted = [literal(value) for value in asked.check.values]
    return asked.rows_where(exp.or_(*(column.isin(*accepted).not_() for column in asked.columns)))
