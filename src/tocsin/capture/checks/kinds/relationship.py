"""Is each value found in another table?"""

from __future__ import annotations

from sqlglot import exp

from tocsin.capture.checks.asked import Asked, table_at

#: Compares in a list, because it knows no query that looks at the row outside of it.
_IN_A_LIST = "clickhouse"


def failing(asked: Asked) -> exp.Query:
    """Return the query for the rows whose value is not found there; an empty column has none."""
    other, _, key = asked.check.to.rpartition(".")
    [column] = asked.columns
    there = asked.column(key, table="parent")
    parent = table_at(asked.place, other, alias="parent")
    if asked.place.dialect == _IN_A_LIST:
        known = exp.select(there).from_(parent).where(there.copy().is_(exp.null()).not_())
        missing = column.copy().isin(query=known).not_()
    else:
        found = exp.select("1").from_(parent).where(exp.EQ(this=there, expression=column.copy()))
        missing = exp.Exists(this=found).not_()
    return asked.rows_where(exp.and_(column.is_(exp.null()).not_(), missing))
