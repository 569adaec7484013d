"""What remains of runs, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import bindparam, func, select, tuple_

from tocsin.core.daily import Day, Ended
from tocsin.core.run import Outcome, TableLoad, rows_of
from tocsin.store.sql_rows import Rows, dump, load
from tocsin.store.tables import Key, Moment, days, runs

_FIRST = select(func.min(runs.c.started_at))
_IN_ORDER = (runs.c.started_at, runs.c.id)
_ENDED = (
    select(runs)
    .where(runs.c.started_at >= bindparam("since"), runs.c.started_at < bindparam("until"))
    .where(tuple_(*_IN_ORDER) > tuple_(bindparam("after_at", type_=Moment()), bindparam("after_id", type_=Key())))
    .where(runs.c.ended_at.is_not(None))
    .order_by(*_IN_ORDER)
    .limit(bindparam("limit"))
)
_DAYS = (
    select(days.c.data)
    .where(days.c.pipeline == bindparam("pipeline"), days.c.environment == bindparam("environment"))
    .where(days.c.day >= bindparam("since"))
    .order_by(days.c.day)
)


class Days(Rows):
    """The part of a transaction that is about days."""

    def first_start(self) -> datetime | None:
        """Return when the oldest run began; served by `runs_by_start`."""
        first: datetime | None = self._connection.scalar(_FIRST)
        return first

    def ended_runs(
        self, *, since: datetime, until: datetime, after: Ended | None = None, limit: int
    ) -> Sequence[Ended]:
        """Return the runs that began within this time and have ended; served by `runs_by_start`."""
        place = (
            {"after_at": since, "after_id": ""}
            if after is None
            else {"after_at": after.started_at, "after_id": after.id}
        )
        return [
            Ended(
                id=row.id,
                pipeline=row.pipeline,
                environment=row.environment,
                outcome=Outcome(row.outcome),
                started_at=row.started_at,
                ended_at=row.ended_at,
                rows=rows_of(load(tuple[TableLoad, ...], row.data, part="tables")),
            )
            for row in self._connection.execute(_ENDED, {"since": since, "until": until, **place, "limit": limit})
        ]

    def save_days(self, made: Sequence[Day]) -> None:
        """Insert or replace what remains of runs; served by the primary key."""
        if made:
            rows = [
                {
                    "pipeline": one.pipeline,
                    "environment": one.environment,
                    "day": one.day.isoformat(),
                    "data": dump(one),
                }
                for one in made
            ]
            self._replace(days, rows)

    def days(self, pipeline: str, environment: str, *, since: date) -> Sequence[Day]:
        """Return the days of a pipeline; served by the primary key."""
        values = {"pipeline": pipeline, "environment": environment, "since": since.isoformat()}
        return [load(Day, text) for text in self._connection.scalars(_DAYS, values)]
