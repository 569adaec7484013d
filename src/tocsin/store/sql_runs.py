"""Events and runs in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, or_, select, tuple_

from tocsin.core.attribution import Start
from tocsin.core.neighbour import Neighbour, Neighbourhood
from tocsin.core.position import Position
from tocsin.core.run import Origin, Outcome, Run
from tocsin.store.protocol import FOUND
from tocsin.store.sql_pipelines import Pipelines
from tocsin.store.sql_rows import after_position, apart, begins_with, dump, first_of_newest, in_bounds, left_at, load
from tocsin.store.tables import RUNNING, events, expectations, key_of, pipelines, runs

_RUNS = select(runs.c.data)
_RUN = _RUNS.where(runs.c.id == bindparam("run_id"))
_RUNS_OF = _RUNS.where(runs.c.id.in_(bindparam("run_ids", expanding=True)))
_KNOWN_EVENTS = select(events.c.id).where(events.c.id.in_(bindparam("event_ids", expanding=True)))
_FIND = _RUNS.where(*in_bounds(runs.c.id)).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(FOUND)


@cache
def _runs_where(given: frozenset[str], *, running_only: bool) -> Select[Any]:
    """Return the statement for these conditions. To put it together takes longer than to execute it."""
    conditions = {
        "pipeline": runs.c.pipeline == bindparam("pipeline"),
        "environment": runs.c.environment == bindparam("environment"),
        "outcomes": RUNNING if running_only else runs.c.outcome.in_(bindparam("outcomes", expanding=True)),
        "before": runs.c.started_at < bindparam("before"),
        "left_at": after_position(runs.c.started_at, runs.c.id),
    }
    query = _RUNS.where(*(condition for name, condition in conditions.items() if name in given))
    return query.order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(bindparam("limit"))


#: To look up a member here takes a third of the time of `Outcome(…)`.
_OUTCOMES, _ORIGINS = {each.value: each for each in Outcome}, {each.value: each for each in Origin}
#: What `_start` takes.
_START = (runs.c.logical_id, runs.c.id, runs.c.started_at, runs.c.ended_at, runs.c.outcome, runs.c.origin)
_newer = runs.alias("newer")
#: When the earliest of a pipeline's `most` newest runs began, seen from what is expected of it.
_FIRST_OF_MOST = first_of_newest(
    _newer.c.started_at,
    _newer.c.pipeline == expectations.c.pipeline,
    _newer.c.environment == expectations.c.environment,
    number="most",
    seen_from=expectations,
)
_THESE = and_(
    expectations.c.pipeline.in_(bindparam("pipelines", expanding=True)),
    expectations.c.environment == bindparam("environment"),
)
_STARTS_OF = (
    select(runs.c.pipeline, *_START)
    .join_from(
        expectations,
        runs,
        and_(
            runs.c.pipeline == expectations.c.pipeline,
            runs.c.environment == expectations.c.environment,
            runs.c.started_at >= _FIRST_OF_MOST,
        ),
    )
    .where(_THESE, or_(runs.c.ended_at.is_(None), runs.c.ended_at >= bindparam("since")))
)


#: When the earliest of a pipeline's `each` newest runs began.
_FIRST_OF_EACH = first_of_newest(
    _newer.c.started_at,
    _newer.c.pipeline == pipelines.c.pipeline,
    _newer.c.environment == pipelines.c.environment,
    number="each",
    seen_from=pipelines,
)
_RECENT = (
    select(runs.c.pipeline, runs.c.environment, *_START)
    .join_from(
        pipelines,
        runs,
        and_(
            runs.c.pipeline == pipelines.c.pipeline,
            runs.c.environment == pipelines.c.environment,
            runs.c.started_at >= _FIRST_OF_EACH,
        ),
    )
    .where(pipelines.c.pipeline.in_(bindparam("pipelines", expanding=True)))
    .where(pipelines.c.environment.in_(bindparam("environments", expanding=True)))
    .order_by(runs.c.started_at.desc(), runs.c.id.desc())
)
_STARTS = (
    select(*_START)
    .where(runs.c.pipeline == bindparam("pipeline"), runs.c.environment == bindparam("environment"))
    .order_by(runs.c.started_at.desc())
    .limit(bindparam("limit"))
)
_OF_PIPELINE = (runs.c.pipeline == bindparam("pipeline"), runs.c.environment == bindparam("environment"))
_THIS = tuple_(bindparam("started_at", type_=runs.c.started_at.type), bindparam("id", type_=runs.c.id.type))
_BRIEF: Select[Any] = (
    select(runs.c.id, runs.c.logical_id, runs.c.attempt, runs.c.started_at, runs.c.outcome)
    .where(*_OF_PIPELINE)
    .limit(bindparam("limit"))
)
#: A run itself, and those that began before it; and those that began after it.
_UP_TO = _BRIEF.where(tuple_(runs.c.started_at, runs.c.id) <= _THIS).order_by(
    runs.c.started_at.desc(), runs.c.id.desc()
)
_SINCE = _BRIEF.where(tuple_(runs.c.started_at, runs.c.id) > _THIS).order_by(runs.c.started_at, runs.c.id)
_ENDED = (
    select(runs.c.pipeline)
    .where(runs.c.environment == bindparam("environment"))
    .where(runs.c.ended_at.between(bindparam("since"), bindparam("moment")))
    .order_by(runs.c.ended_at.desc())
    .limit(bindparam("limit"))
)


class Runs(Pipelines):
    """The part of a transaction that is about events and runs."""

    def remember_events(self, event_ids: Collection[str], now: datetime) -> Collection[str]:
        """Note that events were taken in and return the new ones; served by the primary key."""
        if not event_ids:
            return ()
        keys = {event_id: key_of(event_id) for event_id in event_ids}
        known = set(self._connection.scalars(_KNOWN_EVENTS, {"event_ids": list(keys)}))
        new = {event_id: key for event_id, key in keys.items() if key not in known}
        if new:
            self._add(events, [{"id": event_id, "at": now} for event_id in new])
        return new.keys()

    def run(self, run_id: str) -> Run | None:
        """Return the run with exactly this id; served by the primary key."""
        text = self._connection.scalar(_RUN, {"run_id": run_id})
        return None if text is None else load(Run, text)

    def runs_of(self, run_ids: Collection[str]) -> Mapping[str, Run]:
        """Return the runs with exactly these ids; served by the primary key."""
        found = (load(Run, text) for text in self._connection.scalars(_RUNS_OF, {"run_ids": list(run_ids)}))
        return {run.id: run for run in found}

    def find_runs(self, prefix: str) -> Sequence[Run]:
        """Return the runs whose id begins with `prefix`; served by the primary key."""
        return [load(Run, text) for text in self._connection.scalars(_FIND, begins_with(prefix))]

    def save_run(self, run: Run) -> None:
        """Insert or replace a run, and note it as the newest of its pipeline; served by two primary keys."""
        self.save_runs([run])

    def save_runs(self, changed: Sequence[Run]) -> None:
        """Do as `save_run` with each of them."""
        if changed:
            self._replace(runs, [_row(run) for run in changed])
            self._note_newest(changed)

    def runs(
        self,
        *,
        pipeline: str | None = None,
        environment: str | None = None,
        outcomes: Collection[Outcome] | None = None,
        before: datetime | None = None,
        after: Position | None = None,
        limit: int = 50,
    ) -> Sequence[Run]:
        """Return runs, newest first.

        Served by `runs_by_pipeline` where both names are given, by `runs_running` for running ones, else by
        `runs_by_start`.
        """
        values = {"pipeline": pipeline, "environment": environment, "outcomes": outcomes, "before": before}
        given = {name: value for name, value in values.items() if value is not None} | left_at(after)
        if outcomes is not None:
            given["outcomes"] = sorted(outcomes)
        query = _runs_where(frozenset(given), running_only=outcomes is not None and set(outcomes) == {Outcome.RUNNING})
        return [load(Run, text) for text in self._connection.scalars(query, {**given, "limit": limit})]

    def starts_of(
        self, pipelines: Collection[str], environment: str, *, since: datetime, most: int
    ) -> Mapping[str, Sequence[Start]]:
        """Return the newest attempts of these pipelines that had not ended by `since`; served by `runs_by_pipeline`."""
        values = {"pipelines": list(pipelines), "environment": environment, "since": since, "most": most}
        found = defaultdict(list)
        for name, *start in self._connection.execute(_STARTS_OF, values):
            found[name].append(_start(*start))
        return found

    def recent_starts(self, of: Collection[tuple[str, str]], *, each: int) -> Mapping[tuple[str, str], Sequence[Start]]:
        """Return the newest attempts of these pipelines; served by `runs_by_pipeline`."""
        found: dict[tuple[str, str], list[Start]] = {one: [] for one in of}
        for name, environment, *start in self._connection.execute(_RECENT, {**apart(of), "each": each}).all():
            if len(of_it := found.get((name, environment), [])) < each:
                of_it.append(_start(*start))
        return {one: starts for one, starts in found.items() if starts}

    def neighbourhood(self, run: Run, *, each: int) -> Neighbourhood:
        """Return a stored run among those of its pipeline that began around it; served by `runs_by_pipeline`."""
        values = {
            "pipeline": run.pipeline,
            "environment": run.environment,
            "started_at": run.started_at,
            "id": run.id,
        }
        up_to = self._connection.execute(_UP_TO, {**values, "limit": each + 1}).all()[::-1]
        since = self._connection.execute(_SINCE, {**values, "limit": each}).all()
        return Neighbourhood(runs=[_neighbour(row) for row in (*up_to, *since)], place=len(up_to) - 1)

    def starts(self, pipeline: str, environment: str, *, limit: int) -> Sequence[Start]:
        """Return the attempts of a pipeline, newest first; served by `runs_by_pipeline`."""
        values = {"pipeline": pipeline, "environment": environment, "limit": limit}
        return [_start(*row) for row in self._connection.execute(_STARTS, values)]

    def ended_before(self, moment: datetime, environment: str, *, within: timedelta, limit: int) -> Sequence[str]:
        """Return the pipelines of the runs that ended last by `moment`; served by `runs_by_end` alone."""
        values = {"environment": environment, "since": moment - within, "moment": moment, "limit": limit}
        return self._connection.scalars(_ENDED, values).all()


def _row(run: Run) -> Mapping[str, Any]:
    return {
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
    }


def _neighbour(row: Row[Any]) -> Neighbour:
    return Neighbour(
        id=row.id,
        logical_id=row.logical_id,
        attempt=row.attempt,
        started_at=row.started_at,
        outcome=Outcome(row.outcome),
    )


def _start(  # the columns of a row, of which a page reads thousands
    logical_id: str | None, run_id: str, started_at: datetime, ended_at: datetime | None, outcome: str, origin: str
) -> Start:
    return Start(
        logical_id=logical_id or run_id,
        started_at=started_at,
        ended_at=ended_at,
        outcome=_OUTCOMES[outcome],
        origin=_ORIGINS[origin],
    )
