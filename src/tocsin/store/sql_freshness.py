"""Tables that have to get rows now and then, in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select

from tocsin.core.freshness import Freshness
from tocsin.store.sql_rows import Rows, dump, load
from tocsin.store.tables import TO_STALE
from tocsin.store.tables import freshness as table

_ALL = select(table.c.data).where(table.c.environment == bindparam("environment"))
_OF_PIPELINE = _ALL.where(table.c.pipeline == bindparam("pipeline"))
_DUE = (
    select(table.c.data)
    .where(TO_STALE, table.c.due_at <= bindparam("now"))
    .order_by(table.c.due_at)
    .limit(bindparam("limit"))
)
_DROP = delete(table).where(
    table.c.environment == bindparam("of_environment"),
    table.c.pipeline == bindparam("of_pipeline"),
    table.c.name == bindparam("of_name"),
)


class AllFreshness(Rows):
    """The part of a transaction that is about the age of tables."""

    def freshness(self, environment: str, *, pipeline: str | None = None) -> Sequence[Freshness]:
        """Return the tables that have to be fresh; served by the primary key."""
        statement = _ALL if pipeline is None else _OF_PIPELINE
        values = {"environment": environment, "pipeline": pipeline}
        return [load(Freshness, text) for text in self._connection.scalars(statement, values)]

    def save_freshness(self, tables: Sequence[Freshness]) -> None:
        """Insert or replace what is known of tables; served by the primary key."""
        if tables:
            self._replace(
                table,
                [
                    {
                        "environment": one.environment,
                        "pipeline": one.pipeline,
                        "name": one.table,
                        "due_at": one.due_at,
                        "data": dump(one),
                    }
                    for one in tables
                ],
            )

    def drop_freshness(self, tables: Iterable[Freshness]) -> None:
        """Forget tables; served by the primary key."""
        for one in tables:
            values = {"of_environment": one.environment, "of_pipeline": one.pipeline, "of_name": one.table}
            self._write(_DROP, values)

    def due_freshness(self, now: datetime, *, limit: int) -> Sequence[Freshness]:
        """Return the tables that have become stale, longest due first; served by `freshness_due`."""
        return [load(Freshness, text) for text in self._connection.scalars(_DUE, {"now": now, "limit": limit})]
