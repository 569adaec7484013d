"""Does a condition of the user's hold for each row?"""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from tocsin.capture.checks.asked import Asked


def failing(asked: Asked) -> exp.Query:
    """Return the query for the rows for which it does not hold; what is unknown holds, as in a CHECK of SQL."""
    condition = sqlglot.parse_one(asked.check.expression, read=asked.place.dialect)
    return asked.rows_where(exp.paren(condition).not_())
