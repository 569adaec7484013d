"""The last results of checks, in SQL."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from tocsin.core.check import CheckHistory
from tocsin.store.sql_rows import Rows, dump, load
from tocsin.store.tables import check_histories as table

_OF_CHECK = select(table.c.data).where(
    table.c.pipeline == bindparam("pipeline"),
    table.c.environment == bindparam("environment"),
    table.c.check == bindparam("check"),
)


class CheckHistories(Rows):
    """The part of a transaction that is about the results of checks."""

    def check_history(self, pipeline: str, environment: str, check: str) -> CheckHistory:
        """Return the last results of a check; served by the primary key."""
        asked = {"pipeline": pipeline, "environment": environment, "check": check}
        if (text := self._connection.scalar(_OF_CHECK, asked)) is None:
            return CheckHistory(pipeline=pipeline, environment=environment, check=check)
        return load(CheckHistory, text)

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
