"""The last results of checks, in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from tocsin.core.check import CheckHistory
from tocsin.store.sql_rows import Rows, dump, load
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

    def save_check_history(self, history: CheckHistory) -> None:
        """Insert or replace the last results of a check."""
        self._replace(
            table,
            {
                "pipeline": history.pipeline,
                "environment": history.environment,
                "check": history.check,
                "data": dump(history),
            },
        )
