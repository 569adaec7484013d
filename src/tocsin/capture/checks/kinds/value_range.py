"""Does a column stay within its bounds?"""

from __future__ import annotations

from sqlglot import exp

from tocsin.capture.checks.asked import Asked, literal


def failing(asked: Asked) -> exp.Query:
    """Return the query for the rows with a value outside of the bounds; an empty column has none."""
    return asked.rows_where(exp.or_(*(outside for column in asked.columns for outside in beyond(asked, column))))


def beyond(asked: Asked, measured: exp.Expr) -> list[exp.Expr]:
    """Return the conditions under which something lies outside of the bounds of a check."""
    check = asked.check
    below = [exp.LT(this=measured.copy(), expression=literal(check.min))] if check.min is not None else []
    above = [exp.GT(this=measured.copy(), expression=literal(check.max))] if check.max is not None else []
    return [*below, *above]
