"""Events and runs in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select, update

from tocsin.core.run import Outcome, Run
from tocsin.store.protocol import FOUND
from tocsin.store.sql_rows import Rows, begins_with, dump, load
from tocsin.store.tables import RUNNING, events, runs

_RUNS = select(runs.c.data, runs.c.heartbeat_at)
_RUN = _RUNS.where(runs.c.id == bindparam("run_id"))
_FIND = (
    _RUNS.where(runs.c.id.between(bindparam("low"), bindparam("high")))
    .order_by(runs.c.started_at.desc(), runs.c.id.desc())
    .limit(FOUND)
)
_BEAT = (
    update(runs)
    .where(runs.c.id == bindparam("run_id"), RUNNING)
    .where(or_(runs.c.heartbeat_at.is_(None), runs.c.heartbeat_at < bindparam("at")))
    .values(heartbeat_at=bindparam("at"))
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


class Runs(Rows):
    """The part of a transaction that is about events and runs."""

    def remember_event(self, event_id: str, now: datetime) -> bool:
        """Note that an event was taken in; served by the primary key."""
        return self._add(events, {"id": event_id, "at": now})

    def run(self, run_id: str) -> Run | None:
        """Return the run with exactly this id; served by the primary key."""
        row = self._connection.execute(_RUN, {"run_id": run_id}).one_or_none()
        return _run(*row) if row else None

    def find_runs(self, prefix: str) -> Sequence[Run]:
        """Return the runs whose id begins with `prefix`; served by the primary key."""
        return [_run(*row) for row in self._connection.execute(_FIND, begins_with(prefix))]

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
                "heartbeat_at": run.heartbeat_at,
                "logical_id": run.logical_id,
                "attempt": run.attempt,
                "data": dump(replace(run, heartbeat_at=None)),
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
        query = _RUNS
        if pipeline is not None:
            query = query.where(runs.c.pipeline == pipeline)
        if environment is not None:
            query = query.where(runs.c.environment == environment)
        if outcomes is not None:
            running_only = set(outcomes) == {Outcome.RUNNING}
            query = query.where(RUNNING if running_only else runs.c.outcome.in_(outcomes))
        if before is not None:
            query = query.where(runs.c.started_at < before)
        query = query.order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        return [_run(*row) for row in self._connection.execute(query)]

    def latest_runs(self) -> Sequence[Run]:
        """Return the newest run of each pipeline and environment; served by `runs_by_pipeline`."""
        return [_run(*row) for row in self._connection.execute(_LATEST)]

    def beat(self, run_id: str, at: datetime) -> None:
        """Move the heartbeat of a running run forward; served by the primary key."""
        self._write(_BEAT, {"run_id": run_id, "at": at})


def _run(text: str, heartbeat_at: datetime | None) -> Run:
    return replace(load(Run, text), heartbeat_at=heartbeat_at)
