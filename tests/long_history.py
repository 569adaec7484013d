"""A store as it is after a year with a fleet: millions of rows as the engine would have written them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table

from made import alert, cause
from real_postgres import MISSING, POSTGRES, running_postgres
from tocsin.core.alert import State
from tocsin.core.daily import Day
from tocsin.core.freshness import Freshness
from tocsin.core.run import Context, Link, Outcome, Process, Run, Stage, Step, TableLoad
from tocsin.core.schedule import Schedule
from tocsin.core.series import Measure, Point, Series
from tocsin.core.slot import Slot, SlotState
from tocsin.store.postgres import PostgresStore
from tocsin.store.sql_rows import dump
from tocsin.store.sql_series import dump_series
from tocsin.store.sqlite import SqliteStore
from tocsin.store.tables import alerts, days, freshness, pipelines, runs, series, slots

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENVIRONMENT = "prod"
#: Open alerts, alerts that are over, and for how many days of a pipeline there are slots and daily lines.
OPEN, CLOSED, DAYS = 50, 20_000, 90
_TABLES = 5
_STAGES = (Stage.EXTRACT, Stage.NORMALIZE, Stage.LOAD)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Every so many runs of a pipeline one failed.
_FAILED_EVERY = 40
#: A moment in a text that is made once, and the moments that take its place.
_MARK = datetime(2000, 1, 1, tzinfo=UTC)

Row: TypeAlias = Sequence[Any]
HasTables: TypeAlias = SqliteStore | PostgresStore


def name_of(number: int) -> str:
    """Return the name of a pipeline."""
    return f"pipeline{number:06}"


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[HasTables]:
    """Yield an empty store of a kind, "sqlite" or "postgres"; the program ends where there is none."""
    if kind == "sqlite":
        with closing(SqliteStore(folder / "tocsin.db")) as file:
            yield file
    elif POSTGRES is None:
        sys.exit(MISSING)
    else:
        (folder / "postgres").mkdir()
        with running_postgres(folder / "postgres") as server, closing(PostgresStore(server.database())) as store:
            yield store


def fill(store: HasTables, *, number: int, per_pipeline: int, now: datetime = NOW, every: timedelta) -> None:
    """Fill an empty store.

    Args:
        store: The store, which has the tables.
        number: Pipelines.
        per_pipeline: Runs of each, oldest first, and as many slots and days as there may be.
        now: When the newest runs ended, about.
        every: How often each pipeline runs.
    """
    kept = min(per_pipeline, DAYS)
    _load(store, runs, _runs(number, per_pipeline, now, every))
    _load(store, pipelines, _newest(number, per_pipeline, now, every))
    _load(store, slots, _slots(number, kept, now, every))
    _load(store, days, _days(number, kept, now))
    _load(store, series, _series(number, now))
    _load(store, freshness, _freshness(number, now))
    _load(store, alerts, _alerts(number, now))


def _load(store: HasTables, table: Table, rows: Iterator[Row]) -> None:
    """Write rows, and their indexes afterwards: one by one they would take several times as long."""
    engine = store._engine
    with engine.begin() as connection:
        for index in table.indexes:
            index.drop(connection)
        names = [column.name for column in table.columns]
        (_copy if engine.dialect.name == "postgresql" else _insert)(connection, table.name, names, rows)
    with engine.begin() as connection:
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            index.create(connection)
    if engine.dialect.name == "postgresql":
        with closing(engine.raw_connection()) as raw:
            raw.driver_connection.autocommit = True  # type: ignore[union-attr]  # a connection of psycopg
            raw.driver_connection.execute(f"VACUUM ANALYZE {table.name}")  # type: ignore[union-attr]
            raw.driver_connection.autocommit = False  # type: ignore[union-attr]


def _copy(connection: Connection, table: str, names: list[str], rows: Iterator[Row]) -> None:
    raw: Any = connection.connection.driver_connection
    with raw.cursor().copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _insert(connection: Connection, table: str, names: list[str], rows: Iterator[Row]) -> None:
    raw: Any = connection.connection.driver_connection
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608  # our own tables
    while batch := list(islice(rows, 10_000)):
        raw.executemany(statement, batch)


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _template(fact: object, moments: int) -> Callable[..., str]:
    """Return what makes the text of a fact for an id, the name of a pipeline and moments.

    Args:
        fact: Its id is "<id>", its pipeline "<pipeline>", and its moments are `_MARK` and so many seconds after it.
        moments: How many of these there are.
    """
    text = dump(fact).replace("{", "{{").replace("}", "}}")
    text = text.replace("<id>", "{0}").replace("<pipeline>", "{1}")
    for number in range(moments):
        text = text.replace((_MARK + timedelta(seconds=number)).isoformat(), "{%d}" % (number + 2))  # noqa: UP031
    return text.format


def _run(outcome: Outcome) -> Run:
    marks = [_MARK + timedelta(seconds=number) for number in range(4)]
    return Run(
        id="<id>",
        pipeline="<pipeline>",
        environment=ENVIRONMENT,
        started_at=marks[0],
        ended_at=marks[3],
        outcome=outcome,
        stage=Stage.LOAD,
        logical_id="<id>",
        steps=tuple(
            Step(stage=stage, started_at=marks[number], ended_at=marks[number + 1])
            for number, stage in enumerate(_STAGES)
        ),
        tables=tuple(TableLoad(table=f"table{number}", rows=1000 + number) for number in range(_TABLES)),
        load_ids=("1763899200.123456",),
        cause=None if outcome.ok else cause(),
        destination="snowflake",
        dataset="<pipeline>_data",
        context=Context(
            orchestrator="airflow",
            links=(Link(label="log", url="https://airflow.internal/dags/<pipeline>/grid?task_id=load"),),
            names={"dag_id": "<pipeline>", "task_id": "load", "run_id": "scheduled__<id>"},
            logical_id="<id>",
            host="worker-17.internal",
            command="load.py",
        ),
        process=Process(pid=4711, start_ticks=123_456, machine="7f0c2b1a"),
    )


def _starts(per_pipeline: int, now: datetime, every: timedelta) -> Iterator[tuple[int, datetime]]:
    """Yield the number and the start of each round of runs, the oldest first."""
    for place in range(per_pipeline):
        yield place, now - every * (per_pipeline - place)


def _one(number: int, place: int, start: datetime) -> tuple[str, str, bool, list[datetime]]:
    """Return the id, the pipeline, whether all went well, and the moments of a run."""
    began = start + timedelta(seconds=number % 3600)
    moments = [began + timedelta(seconds=seconds) for seconds in (0, 70, 95, 130 + number % 60)]
    return (
        f"{number * 2654435761 % 2**32:08x}{place:08x}{number:016x}",
        name_of(number),
        not _failed(number, place),
        moments,
    )


def _failed(number: int, place: int) -> bool:
    return (number + place) % _FAILED_EVERY == 0


def _runs(number: int, per_pipeline: int, now: datetime, every: timedelta) -> Iterator[Row]:
    texts = {True: _template(_run(Outcome.SUCCEEDED), 4), False: _template(_run(Outcome.FAILED), 4)}
    outcomes = {True: "succeeded", False: "failed"}
    for place, start in _starts(per_pipeline, now, every):
        for each in range(number):
            key, name, well, moments = _one(each, place, start)
            data = texts[well](key, name, *(moment.isoformat() for moment in moments))
            began, ended = _us(moments[0]), _us(moments[3])
            yield key, name, ENVIRONMENT, outcomes[well], began, ended, key, 1, "schedule", data


def _newest(number: int, per_pipeline: int, now: datetime, every: timedelta) -> Iterator[Row]:
    for each in range(number):
        key, name, well, moments = _one(each, per_pipeline - 1, now - every)
        outcome = "succeeded" if well else "failed"
        yield name, ENVIRONMENT, key, outcome, _us(moments[0]), _us(moments[3])


def _slots(number: int, count: int, now: datetime, every: timedelta) -> Iterator[Row]:
    slot = Slot(
        id="<id>",
        pipeline="<pipeline>",
        environment=ENVIRONMENT,
        schedule=Schedule(text="0 6 * * *", source="config.toml"),
        opens_at=_MARK,
        due_at=_MARK + timedelta(seconds=1),
        start_by=_MARK + timedelta(seconds=2),
        state=SlotState.DONE,
        logical_id="<id>",
    )
    text = _template(slot, 3)
    for _, start in _starts(count, now, every):
        moments = [(start + timedelta(minutes=minutes)).isoformat() for minutes in (-60, 0, 15)]
        for each in range(number):
            name = name_of(each)
            key = f"{ENVIRONMENT}/{name}/{start:%Y-%m-%dT%H:%M:%SZ}"
            yield key, name, ENVIRONMENT, _us(start), True, None, text(key, name, *moments)


def _days(number: int, count: int, now: datetime) -> Iterator[Row]:
    for place in range(count):
        day = (now - timedelta(days=place + 1)).date()
        line = Day(
            pipeline="<pipeline>",
            environment=ENVIRONMENT,
            day=day,
            runs={"succeeded": 23, "failed": 1},
            took=timedelta(seconds=4321),
            longest=timedelta(seconds=321),
            rows=120_000,
        )
        text = _template(line, 0)
        for each in range(number):
            yield name_of(each), ENVIRONMENT, day.isoformat(), text("", name_of(each))


def _series(number: int, now: datetime) -> Iterator[Row]:
    points = tuple(Point(now - timedelta(days=60 - day), 1000.0 + day % 7, f"run{day}") for day in range(60))
    kinds = [(Measure.ROWS, f"table{table}") for table in range(_TABLES)]
    kinds += [(Measure.SECONDS, stage.value) for stage in _STAGES]
    for measure, item in kinds:
        one = Series(pipeline="<pipeline>", environment=ENVIRONMENT, measure=measure, item=item, points=points)
        text = dump_series(one)
        for each in range(number):
            yield name_of(each), ENVIRONMENT, measure.value, item, text


def _freshness(number: int, now: datetime) -> Iterator[Row]:
    for table in range(_TABLES):
        due = now + timedelta(hours=20)
        one = Freshness(
            pipeline="<pipeline>",
            environment=ENVIRONMENT,
            table=f"table{table}",
            within=timedelta(hours=26),
            since=now - timedelta(days=60),
            rows_at=now - timedelta(hours=6),
            due_at=due,
        )
        text = _template(one, 0)
        for each in range(number):
            yield ENVIRONMENT, name_of(each), one.table, _us(due), text("", name_of(each))


def _alerts(number: int, now: datetime) -> Iterator[Row]:
    facts = {"id": "<id>", "fingerprint": "<id>", "subject": "<pipeline>", "environment": ENVIRONMENT}
    firing = _template(alert(**facts, last_at=_MARK, run_id=None), 1)
    over = _template(alert(**facts, last_at=_MARK, run_id=None, state=State.RESOLVED), 1)
    for each in range(OPEN + CLOSED):
        open_ = each < OPEN
        last_at = now - timedelta(hours=1) if open_ else now - timedelta(minutes=20 * (each + 1))
        name = name_of(each * 37 % number)
        key = f"alert{each:08}"
        text = (firing if open_ else over)(key, name, last_at.isoformat())
        yield key, key, name, ENVIRONMENT, "failed", "error", None, open_, _us(last_at), None, text
