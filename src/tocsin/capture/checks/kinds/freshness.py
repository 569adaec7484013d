"""Is the newest value of a column new enough?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlglot import exp

from tocsin.capture.checks.asked import Asked

SHOWS = "newest"


def failing(asked: Asked) -> exp.Query:
    """Return the query for the newest value, if it is too old or there is none."""
    oldest = (asked.now - (asked.check.max_age or timedelta(0))).astimezone(UTC)
    name = exp.to_identifier(asked.place.fold(SHOWS), quoted=True)
    [column] = asked.columns
    newest = exp.select(exp.alias_(exp.Max(this=column), name)).from_(asked.source.copy()).subquery("newest_of_all")
    found = exp.column(name.copy())
    return exp.select("*").from_(newest).where(exp.or_(found.is_(exp.null()), _older(found.copy(), oldest, asked)))


def _older(found: exp.Expr, oldest: datetime, asked: Asked) -> exp.Expr:
    if asked.place.dialect == "sqlite":
        # SQLite has no type for times: dlt writes them there as text, which sorts as they do.
        return exp.LT(this=found, expression=exp.Literal.string(f"{oldest:%Y-%m-%d %H:%M:%S.%f}"))
    moment = exp.Literal.string(f"{oldest:%Y-%m-%d %H:%M:%S}+00:00")
    if asked.place.dialect == "clickhouse":
        # Its casts refuse a zone.
        return exp.LT(this=found, expression=exp.func("parseDateTimeBestEffort", moment))
    return exp.LT(this=exp.cast(found, "timestamptz"), expression=exp.cast(moment, "timestamptz"))
