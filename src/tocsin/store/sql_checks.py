"""The last results of checks, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, Text, bindparam, func, literal_column, or_, select, tuple_

from tocsin.core.check import CheckHistory, CheckPlace
from tocsin.store.sql_rows import Rows, containing, dump, load
from tocsin.store.tables import check_histories as table

_OF_CHECK = select(table.c.data).where(
    table.c.pipeline == bindparam("pipeline"),
    table.c.environment == bindparam("environment"),
    table.c.check == bindparam("check"),
)


_OF_PIPELINE = (
    select(table.c.data)
    .where(table.c.pipeline == bindparam("pipeline"), table.c.environment == bindparam("environment"))
    .order_by(table.c.check)
)


_PLACE = (table.c.rank, table.c.check, table.c.pipeline, table.c.environment)


@cache
def _page(*, here: bool, search: bool, failing: bool, after: bool) -> Select[Any]:
    query = select(table.c.data).order_by(*_PLACE).limit(bindparam("limit"))
    if here:
        query = query.where(table.c.environment == bindparam("here"))
    if search:
        names = (table.c.check, table.c.pipeline)
        query = query.where(or_(*(name.ilike(bindparam("search", type_=Text()), escape="\\") for name in names)))
    if failing:
        query = query.where(table.c.rank < literal_column("0"))
    if after:
        query = query.where(tuple_(*_PLACE) > tuple_(*(bindparam(one.name, type_=one.type) for one in _PLACE)))
    return query


class CheckHistories(Rows):
    """The part of a transaction that is about the results of checks."""

    def check_history(self, pipeline: str, environment: str, check: str) -> CheckHistory:
        """Return the last results of a check; served by the primary key."""
        asked = {"pipeline": pipeline, "environment": environment, "check": check}
        if (text := self._connection.scalar(_OF_CHECK, asked)) is None:
            return CheckHistory(pipeline=pipeline, environment=environment, check=check)
        return load(CheckHistory, text)

    def check_histories(self, pipeline: str, environment: str) -> Sequence[CheckHistory]:
        """Return the last results of each check of a pipeline; served by the beginning of the primary key."""
        asked = {"pipeline": pipeline, "environment": environment}
        return [load(CheckHistory, text) for text in self._connection.scalars(_OF_PIPELINE, asked)]

    def checks_worst_first(
        self,
        *,
        environment: str | None = None,
        search: str = "",
        failing: bool = False,
        after: CheckPlace | None = None,
        limit: int,
    ) -> Sequence[CheckHistory]:
        """Return the last results of checks, the worst first; served by `check_histories_worst_first`."""
        query = _page(here=environment is not None, search=bool(search), failing=failing, after=after is not None)
        left = after._asdict() if after is not None else {}
        values = {"here": environment, "search": containing(search), "limit": limit, **left}
        return [load(CheckHistory, text) for text in self._connection.scalars(query, values)]

    def count_checks(self, *, environment: str | None = None) -> Mapping[int, int]:
        """Return how many checks there are; served by `check_histories_worst_first` alone."""
        here = () if environment is None else (table.c.environment == environment,)
        query = select(table.c.rank, func.count()).where(*here).group_by(table.c.rank)
        return {-rank: number for rank, number in self._connection.execute(query)}

    def save_check_history(self, history: CheckHistory) -> None:
        """Insert or replace the last results of a check."""
        self._replace(
            table,
            {
                "pipeline": history.pipeline,
                "environment": history.environment,
                "check": history.check,
                "rank": history.place.rank,
                "data": dump(history),
            },
        )
