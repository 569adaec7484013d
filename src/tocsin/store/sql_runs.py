"""Events and runs in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, func, or_, select

from tocsin.core.attribution import Start
from tocsin.core.run import Context, Origin, Outcome, Run
from tocsin.store.protocol import FOUND
from tocsin.store.sql_rows import Rows, begins_with, dump, load
from tocsin.store.tables import BEGINNING, RUNNING, events, expectations, runs

_RUNS = select(runs.c.data)
_RUN = _RUNS.where(runs.c.id == bindparam("run_id"))
_FIND = (
    _RUNS.where(runs.c.id.between(bindparam("low"), bindparam("high")))
    .order_by(runs.c.started_at.desc(), runs.c.id.desc())
    .limit(FOUND)
)


def _latest() -> Select[Any]:
    """Return the statement that hops through the index from one environment, or pipeline, to the next.

    Its cost follows the number of pipelines. Grouping, or a window function, would read every run there is, and so
    would SQLite for a comparison of (pipeline, environment) pairs.
    """
    here = runs.alias("here")
    newest_first = select(runs.c.id).order_by(runs.c.pipeline, runs.c.environment, runs.c.started_at.desc()).limit(1)
    hop = select(newest_first.scalar_subquery().label("id")).cte("hop", recursive=True)
    next_environment = newest_first.where(runs.c.pipeline == here.c.pipeline, runs.c.environment > here.c.environment)
    next_pipeline = newest_first.where(runs.c.pipeline > here.c.pipeline)
    following = func.coalesce(*(query.correlate(here).scalar_subquery() for query in (next_environment, next_pipeline)))
    hop = hop.union_all(select(following).select_from(hop.join(here, here.c.id == hop.c.id)))
    return _RUNS.join(hop, runs.c.id == hop.c.id).order_by(runs.c.pipeline, runs.c.environment)


_LATEST = _latest()


@cache
def _runs_where(given: frozenset[str], *, running_only: bool) -> Select[Any]:
    """Return the statement for these conditions. To put it together takes longer than to execute it."""
    conditions = {
        "pipeline": runs.c.pipeline == bindparam("pipeline"),
        "environment": runs.c.environment == bindparam("environment"),
        "outcomes": RUNNING if running_only else runs.c.outcome.in_(bindparam("outcomes", expanding=True)),
        "before": runs.c.started_at < bindparam("before"),
    }
    query = _RUNS.where(*(condition for name, condition in conditions.items() if name in given))
    return query.order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(bindparam("limit"))


def _newest_of(column: Any, *, place: Any) -> Any:  # noqa: ANN401  # SQLAlchemy's expressions
    """Return a column of the newest run but so many, of the pipeline that an expectation is about."""
    newer = runs.alias("newer")
    return (
        select(newer.c[column.name])
        .where(newer.c.pipeline == expectations.c.pipeline, newer.c.environment == expectations.c.environment)
        .order_by(newer.c.started_at.desc(), newer.c.id.desc())
        .limit(1)
        .offset(place)
        .correlate(expectations)
        .scalar_subquery()
    )


_THESE = and_(
    expectations.c.pipeline.in_(bindparam("pipelines", expanding=True)),
    expectations.c.environment == bindparam("environment"),
)
_LATEST_OF = (
    select(runs.c.pipeline, runs.c.data)
    .join_from(expectations, runs, runs.c.id == _newest_of(runs.c.id, place=0))
    .where(_THESE)
)
_STARTS_OF = (
    select(runs.c.pipeline, runs.c.logical_id, runs.c.id, runs.c.started_at, runs.c.ended_at, runs.c.outcome)
    .add_columns(runs.c.origin)
    .join_from(
        expectations,
        runs,
        and_(
            runs.c.pipeline == expectations.c.pipeline,
            runs.c.environment == expectations.c.environment,
            runs.c.started_at >= func.coalesce(_newest_of(runs.c.started_at, place=bindparam("most") - 1), BEGINNING),
        ),
    )
    .where(_THESE, or_(runs.c.ended_at.is_(None), runs.c.ended_at >= bindparam("since")))
)


_STARTS = (
    select(runs.c.pipeline, runs.c.logical_id, runs.c.id, runs.c.started_at, runs.c.ended_at, runs.c.outcome)
    .add_columns(runs.c.origin)
    .where(runs.c.pipeline == bindparam("pipeline"), runs.c.environment == bindparam("environment"))
    .order_by(runs.c.started_at.desc())
    .limit(bindparam("limit"))
)
_ENDED = (
    select(runs.c.pipeline)
    .where(runs.c.environment == bindparam("environment"))
    .where(runs.c.ended_at.between(bindparam("since"), bindparam("moment")))
    .order_by(runs.c.ended_at.desc())
    .limit(bindparam("limit"))
)


class Runs(Rows):
    """The part of a transaction that is about events and runs."""

    def remember_event(self, event_id: str, now: datetime) -> bool:
        """Note that an event was taken in; served by the primary key."""
        return self._add(events, {"id": event_id, "at": now}) == 1

    def run(self, run_id: str) -> Run | None:
        """Return the run with exactly this id; served by the primary key."""
        text = self._connection.scalar(_RUN, {"run_id": run_id})
        return None if text is None else load(Run, text)

    def find_runs(self, prefix: str) -> Sequence[Run]:
        """Return the runs whose id begins with `prefix`; served by the primary key."""
        return [load(Run, text) for text in self._connection.scalars(_FIND, begins_with(prefix))]

    def save_run(self, run: Run) -> None:
        """Insert or replace a run; served by the primary key."""
        self._replace(
            runs,
            {
                "id": run.id,
                "pipeline": run.pipeline,
                "environment": run.environment,
                "outcome": run.outcome,
                "started_at": run.started_at,
                "ended_at": run.ended_at,
                "logical_id": run.logical_id,
                "attempt": run.attempt,
                "origin": run.origin,
                "data": dump(run),
            },
        )

    def runs(
        self,
        *,
        pipeline: str | None = None,
        environment: str | None = None,
        outcomes: Collection[Outcome] | None = None,
        before: datetime | None = None,
        limit: int = 50,
    ) -> Sequence[Run]:
        """Return runs, newest first.

        Served by `runs_by_pipeline` where both names are given, by `runs_running` for running ones, else by
        `runs_by_start`.
        """
        values = {"pipeline": pipeline, "environment": environment, "outcomes": outcomes, "before": before}
        given = {name: value for name, value in values.items() if value is not None}
        if outcomes is not None:
            given["outcomes"] = sorted(outcomes)
        query = _runs_where(frozenset(given), running_only=outcomes is not None and set(outcomes) == {Outcome.RUNNING})
        return [load(Run, text) for text in self._connection.scalars(query, {**given, "limit": limit})]

    def latest_runs(self) -> Sequence[Run]:
        """Return the newest run of each pipeline and environment; served by `runs_by_pipeline`."""
        return [load(Run, text) for text in self._connection.scalars(_LATEST)]

    def last_contexts(self, pipelines: Collection[str], environment: str) -> Mapping[str, Context]:
        """Return where these pipelines ran last; served by `runs_by_pipeline` and the primary key.

        To make a whole run of the text, with its steps and tables, takes five times as long.
        """
        found = self._connection.execute(_LATEST_OF, {"pipelines": list(pipelines), "environment": environment})
        return {pipeline: load(Context, text, part="context") for pipeline, text in found}

    def starts_of(
        self, pipelines: Collection[str], environment: str, *, since: datetime, most: int
    ) -> Mapping[str, Sequence[Start]]:
        """Return the newest attempts of these pipelines that had not ended by `since`; served by `runs_by_pipeline`."""
        values = {"pipelines": list(pipelines), "environment": environment, "since": since, "most": most}
        found = defaultdict(list)
        for row in self._connection.execute(_STARTS_OF, values):
            found[row.pipeline].append(_start(row))
        return found

    def starts(self, pipeline: str, environment: str, *, limit: int) -> Sequence[Start]:
        """Return the attempts of a pipeline, newest first; served by `runs_by_pipeline`."""
        values = {"pipeline": pipeline, "environment": environment, "limit": limit}
        return [_start(row) for row in self._connection.execute(_STARTS, values)]

    def ended_before(self, moment: datetime, environment: str, *, within: timedelta, limit: int) -> Sequence[str]:
        """Return the pipelines of the runs that ended last by `moment`; served by `runs_by_end` alone."""
        values = {"environment": environment, "since": moment - within, "moment": moment, "limit": limit}
        return self._connection.scalars(_ENDED, values).all()


def _start(row: Row[Any]) -> Start:
    return Start(
        logical_id=row.logical_id or row.id,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=Outcome(row.outcome),
        origin=Origin(row.origin),
    )
