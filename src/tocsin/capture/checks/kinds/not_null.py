"""Is there a value in each of the columns?"""

from __future__ import annotations

from sqlglot import exp

from tocsin.capture.checks.asked import Asked


def failing(asked: Asked) -> exp.Query:
    """Return the query for the rows in which one of the columns is empty."""
    return asked.rows_where(exp.or_(*(column.is_(exp.null()) for column in asked.columns)))
