"""All pipelines at a glance, in SQL: nothing here reads history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    union_all,
)

from tocsin.core.alert import Alert
from tocsin.core.expectation import Expectation
from tocsin.core.finding import Kind
from tocsin.core.overview import Census, Place, Show, Standing
from tocsin.core.run import Context, Outcome, Run
from tocsin.core.severity import Severity
from tocsin.store.sql_rows import Rows, containing, insert_into, load
from tocsin.store.tables import OPEN, Key, alerts, expectations, pipelines, runs

_NAMES = (pipelines.c.pipeline, pipelines.c.environment)
_ALL_NAMES = select(*_NAMES).order_by(*_NAMES)
_OF_LAST = runs.c.id == pipelines.c.run_id
_HAS_RUN = exists().where(
    pipelines.c.pipeline == expectations.c.pipeline, pipelines.c.environment == expectations.c.environment
)
_CENSUS = union_all(
    select(pipelines.c.environment, pipelines.c.outcome, func.count()).group_by(
        pipelines.c.outcome, pipelines.c.environment
    ),
    select(expectations.c.environment, null(), func.count()).where(~_HAS_RUN).group_by(expectations.c.environment),
)
_CONTEXTS = (
    select(pipelines.c.pipeline, runs.c.data)
    .join_from(pipelines, runs, _OF_LAST)
    .where(pipelines.c.pipeline.in_(bindparam("pipelines", expanding=True)))
    .where(pipelines.c.environment == bindparam("environment"))
)
_ABOUT_PIPELINES = alerts.c.kind != literal_column(f"'{Kind.CHANNEL}'")
_TROUBLE = func.max(case({each.value: each.order + 1 for each in Severity}, value=alerts.c.severity))
_OPEN_OF = select(alerts.c.subject, alerts.c.environment, alerts.c.data).where(
    OPEN, _ABOUT_PIPELINES, alerts.c.subject.in_(bindparam("pipelines", expanding=True))
)
_RUNS = pipelines.c.outcome == literal_column(f"'{Outcome.RUNNING}'")
#: Before every name.
_FIRST = Place(severity=Severity.CRITICAL, pipeline="", environment="")


@cache
def _latest(*, after: bool, limit: bool) -> Select[Any]:
    query = select(runs.c.data).join_from(pipelines, runs, _OF_LAST).order_by(*_NAMES)
    if after:
        query = query.where(tuple_(*_NAMES) > _names("after"))
    return query.limit(bindparam("limit")) if limit else query


@cache
def _page(*, environment: bool, search: bool, show: Show | None) -> Select[Any]:
    """Return the statement for one page of the overview.

    Each part is cut to a page before they are put together. The first costs what is open, and the second a page:
    the pipelines without an alert come by their names, as they stand in the index. The third, of those that never ran,
    looks each up that is expected.
    """
    trouble = select(alerts.c.subject, alerts.c.environment, _TROUBLE.label("trouble")).where(OPEN, _ABOUT_PIPELINES)
    well, awaited = _without_alert(pipelines), _without_alert(expectations).where(~_HAS_RUN)
    if environment:
        trouble = trouble.where(alerts.c.environment == bindparam("environment"))
        well = well.where(pipelines.c.environment == bindparam("environment"))
        awaited = awaited.where(expectations.c.environment == bindparam("environment"))
    if search:
        trouble = trouble.where(_matches(alerts.c.subject))
        well = well.where(_matches(pipelines.c.pipeline))
        awaited = awaited.where(_matches(expectations.c.pipeline))
    if show is Show.PROBLEMS:
        well = well.where(false())
    if show in {Show.PROBLEMS, Show.RUNNING}:
        awaited = awaited.where(false())
    if show is Show.NO_PROBLEMS:
        trouble = trouble.where(false())
    if show is Show.RUNNING:
        well = well.where(_RUNS)
        trouble = trouble.where(
            exists().where(
                _RUNS, alerts.c.subject == pipelines.c.pipeline, alerts.c.environment == pipelines.c.environment
            )
        )
    ill = trouble.group_by(alerts.c.subject, alerts.c.environment).subquery()
    names = (ill.c.subject, ill.c.environment)
    worse = or_(
        ill.c.trouble < bindparam("trouble"),
        (ill.c.trouble == bindparam("trouble")) & (tuple_(*names) > _names("ill")),
    )
    parts = (
        select(*names, ill.c.trouble).where(worse).order_by(ill.c.trouble.desc(), *names).limit(bindparam("limit")),
        well.order_by(*_NAMES).limit(bindparam("limit")),
        awaited.order_by(expectations.c.pipeline, expectations.c.environment).limit(bindparam("limit")),
    )
    all_ = union_all(*(select(part.subquery()) for part in parts)).subquery()
    first = select(all_).order_by(all_.c.trouble.desc(), *all_.c[:2]).limit(bindparam("limit")).subquery()
    of_it, expected = (
        (table.c.pipeline == first.c.subject) & (table.c.environment == first.c.environment)
        for table in (pipelines, expectations)
    )
    return (
        select(first.c.subject, first.c.environment, runs.c.data, expectations.c.data.label("expected"))
        .select_from(first.outerjoin(pipelines, of_it).outerjoin(runs, _OF_LAST).outerjoin(expectations, expected))
        .order_by(first.c.trouble.desc(), *first.c[:2])
    )


def _without_alert(table: Table) -> Select[Any]:
    """Return the pipelines of a table that come after the last place and have no open alert."""
    names = (table.c.pipeline, table.c.environment)
    open_ = exists().where(
        OPEN, _ABOUT_PIPELINES, alerts.c.subject == table.c.pipeline, alerts.c.environment == table.c.environment
    )
    return select(*names, literal(0, Integer()).label("trouble")).where(tuple_(*names) > _names("well"), ~open_)


def _matches(name: Column[str]) -> ColumnElement[bool]:
    return name.ilike(bindparam("search", type_=Text()), escape="\\")


def _names(prefix: str) -> ColumnElement[Any]:
    return tuple_(*(bindparam(f"{prefix}_{name}", type_=Key()) for name in ("pipeline", "environment")))


class Pipelines(Rows):
    """The part of a transaction that is about all pipelines."""

    def _note_newest(self, changed: Sequence[Run]) -> None:
        """Note runs as the newest of their pipelines unless newer ones are known."""
        same = ("pipeline", "environment", "outcome", "started_at", "ended_at")
        rows = [{"run_id": run.id, **{name: getattr(run, name) for name in same}} for run in changed]
        self._write(_newest(self._connection.dialect.name), rows)

    def latest_runs(self, *, after: tuple[str, str] | None = None, limit: int | None = None) -> Sequence[Run]:
        """Return the newest run of each pipeline and environment; served by two primary keys."""
        values = {"after_pipeline": after[0], "after_environment": after[1]} if after is not None else {}
        query = _latest(after=after is not None, limit=limit is not None)
        return [load(Run, text) for text in self._connection.scalars(query, {**values, "limit": limit})]

    def pipeline_names(self) -> Sequence[tuple[str, str]]:
        """Return the names of all pipelines; served by the primary key alone."""
        return [(row.pipeline, row.environment) for row in self._connection.execute(_ALL_NAMES)]

    def last_contexts(self, names: Collection[str], environment: str) -> Mapping[str, Context]:
        """Return where these pipelines ran last; served by two primary keys.

        To make a whole run of the text, with its steps and tables, takes five times as long.
        """
        found = self._connection.execute(_CONTEXTS, {"pipelines": list(names), "environment": environment})
        return {pipeline: load(Context, text, part="context") for pipeline, text in found}

    def worst_first(
        self,
        *,
        environment: str | None = None,
        search: str = "",
        show: Show | None = None,
        after: Place | None = None,
        limit: int,
    ) -> Sequence[Standing]:
        """Return how pipelines stand; served by `alerts_open`, those without an alert by the primary keys."""
        place = after or _FIRST
        well = (place.pipeline, place.environment) if place.trouble == 0 else ("", "")
        values = {
            "trouble": place.trouble,
            "ill_pipeline": place.pipeline,
            "ill_environment": place.environment,
            "well_pipeline": well[0],
            "well_environment": well[1],
            "limit": limit,
            "environment": environment,
            "search": containing(search),
        }
        statement = _page(environment=environment is not None, search=bool(search), show=show)
        page = self._connection.execute(statement, values).all()
        open_of = defaultdict(list)
        for *names, text in self._connection.execute(_OPEN_OF, {"pipelines": [row.subject for row in page]}):
            open_of[tuple(names)].append(load(Alert, text))
        return [_standing(row.data, open_of.get((row.subject, row.environment), []), row.expected) for row in page]

    def census(self) -> Census:
        """Return how many pipelines there are; served by `pipelines_by_outcome` and two primary keys alone."""
        found = self._connection.execute(_CENSUS).all()
        counts = {(where, None if outcome is None else Outcome(outcome)): number for where, outcome, number in found}
        return Census(counts=counts)

    def count_open_alerts(self, *, environment: str | None = None) -> Mapping[tuple[Kind, Severity], int]:
        """Return how many alerts are open; served by `alerts_open_first` or `alerts_open`."""
        here = () if environment is None else (alerts.c.environment == environment,)
        dimensions = (alerts.c.kind, alerts.c.severity)
        query = select(*dimensions, func.count()).where(OPEN, *here).group_by(*dimensions)
        return {(Kind(kind), Severity(severity)): count for kind, severity, count in self._connection.execute(query)}


def _standing(text: str | None, open_alerts: Sequence[Alert], expected: str | None) -> Standing:
    """Return how a pipeline stands. Its names come from what is known of it: a key is only compared."""
    run = load(Run, text) if text is not None else None
    expectation = load(Expectation, expected) if expected is not None else None
    about = run or expectation or open_alerts[0]
    pipeline = about.subject if isinstance(about, Alert) else about.pipeline
    newest_first = sorted(open_alerts, key=lambda alert: (alert.last_at, alert.id), reverse=True)
    return Standing(
        pipeline=pipeline,
        environment=about.environment,
        run=run,
        alerts=tuple(newest_first),
        expectation=expectation,
    )


@cache
def _newest(dialect: str) -> Any:  # noqa: ANN401  # each dialect has its own kind of INSERT
    statement = insert_into(dialect, pipelines)
    new = statement.excluded
    newer = tuple_(new.started_at, new.run_id) > tuple_(pipelines.c.started_at, pipelines.c.run_id)
    return statement.on_conflict_do_update(
        index_elements=list(pipelines.primary_key),
        set_={name: new[name] for name in ("run_id", "outcome", "started_at", "ended_at")},
        where=or_(newer, pipelines.c.run_id == new.run_id),
    )
