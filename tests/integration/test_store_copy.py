"""Everything that one database holds arrives in another one, or nothing does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, Table, insert, select

from made import NOON, run
from old_stores import RECORDED, old_file
from real_postgres import Postgres
from record_store import HOSTILE
from tocsin.core.inbox import Received
from tocsin.core.outbox import Delivery
from tocsin.errors import StoreError
from tocsin.store.copy import copy
from tocsin.store.database import Database
from tocsin.store.open import open_database, open_store
from tocsin.store.protocol import Transaction
from tocsin.store.sql_rows import dump
from tocsin.store.sqlite_database import SqliteDatabase
from tocsin.store.tables import Key, Moment, meta, metadata

#: More than one chunk.
MANY = 2345

_FACTS: tuple[Callable[[Transaction], Any], ...] = (
    lambda tx: tx.runs(limit=99),
    lambda tx: tx.alerts(limit=99),
    lambda tx: tx.notifications(limit=99),
)


@pytest.fixture
def new_url(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Return an address of a kind of store in which nothing is, tables neither."""

    def new(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/{len([*tmp_path.glob('*.db')])}.db"
        server: Postgres = request.getfixturevalue("postgres")
        return server.empty_database()

    return new


@pytest.fixture
def source(tmp_path: Path) -> Iterator[SqliteDatabase]:
    """Give a file with a run in it."""
    store = open_store(f"sqlite:///{tmp_path}/source.db")
    with store.writing() as tx:
        tx.save_run(run())
    store.close()
    with closing(SqliteDatabase(tmp_path / "source.db")) as database:
        yield database


def fill(database: Database) -> None:
    """Write rows into every table, with every type of column, texts that databases refuse, and empty columns."""
    with database.writing() as connection:
        for table in metadata.sorted_tables:
            number = MANY if table.name == "runs" else 7
            connection.execute(insert(table), [_row(table, turn) for turn in range(number)])


def _row(table: Table, turn: int) -> dict[str, Any]:
    return {column.name: _value(column, turn) for column in table.columns}


def _value(column: Column[Any], turn: int) -> object:
    if column.nullable and turn % 2:
        return None
    match column.type:
        case Moment():
            return NOON + timedelta(microseconds=turn)
        case Boolean():
            return turn % 2 == 0
        case Integer() | BigInteger():
            # A number that the database has not given out, and that needs more than 32 bits where that is allowed.
            return turn + 10 + (2**40 if isinstance(column.type, BigInteger) else 0)
        case Key():
            return f"{HOSTILE} {column.name} {turn} é 🔥 \\x00 '"
    return dump({"text": HOSTILE, "turn": turn})


def rows(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables."""
    return {
        table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
        for table in metadata.sorted_tables
    }


@pytest.mark.parametrize(("kind", "into"), [("sqlite", "postgres"), ("postgres", "sqlite"), ("sqlite", "sqlite")])
def test_every_row_of_every_table_arrives(kind: str, into: str, new_url: Callable[[str], str]) -> None:
    """Row by row both hold the same, and what is written next gets new numbers."""
    with closing(open_database(new_url(kind))) as source:
        source.upgrade()
        fill(source)
        with closing(open_database(new := new_url(into))) as target:
            copied = copy(source, target)
            with source.snapshot() as before, target.snapshot() as after:
                expected, found = rows(before.connection), rows(after.connection)
    assert found == expected
    assert copied == {name: len(rows) - (name == meta.name) for name, rows in expected.items()}
    assert all(len(rows) >= 7 for rows in found.values())

    store = open_store(new)
    with store.writing() as tx:
        tx.add_delivery(Delivery(notification_id="n", channel="ops", at=NOON, took_ms=1, ok=True))
        assert tx.receive([Received(event_id="new", text="{}", at=NOON)]) == 1
    store.close()


def test_what_version_1_has_left_is_found_in_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    """Facts that were recorded in a file are read from PostgreSQL as they were."""
    old_file(RECORDED[0], tmp_path / "old.db")
    file, url = f"sqlite:///{tmp_path}/old.db", postgres.empty_database()
    before = open_store(file)
    with closing(open_database(file)) as source, closing(open_database(url)) as target:
        copy(source, target)
    after = open_store(url)
    with before.reading() as old, after.reading() as new:
        for ask in _FACTS:
            assert len(ask(new)) > 10
            assert {fact.id: fact for fact in ask(new)} == {fact.id: fact for fact in ask(old)}
    before.close()
    after.close()


def test_a_target_that_is_not_empty_is_refused(source: SqliteDatabase, tmp_path: Path) -> None:
    """Nothing is mixed: the error names the table in which rows were found."""
    target = SqliteDatabase(tmp_path / "target.db")
    with closing(target):
        copy(source, target)
        with pytest.raises(
            StoreError, match=r"nothing was copied: the store .*target.db is not empty, its table \w+ has"
        ):
            copy(source, target)


class _WrittenMeanwhile:
    """A database that somebody writes to while it is copied."""

    def __init__(self, database: Database, url: str) -> None:
        self._database, self._url = database, url

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    @contextmanager
    def snapshot(self) -> Iterator[Any]:
        with self._database.snapshot() as view:
            view.connection.execute(select(meta)).all()
            store = open_store(self._url)
            with store.writing() as tx:
                tx.save_run(run(note="changed"))
            store.close()
            yield view


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_source_that_is_written_to_is_not_copied(kind: str, new_url: Callable[[str], str], tmp_path: Path) -> None:
    """A row that was only changed meanwhile is noticed; the target stays empty and can be used again."""
    with closing(open_database(url := new_url(kind))) as source, closing(SqliteDatabase(tmp_path / "to.db")) as target:
        source.upgrade()
        store = open_store(url)
        with store.writing() as tx:
            tx.save_run(run())
        store.close()
        stop = r"nothing was copied: something was written to .* in the meantime, and would be missing in .*to.db. Stop"
        with pytest.raises(StoreError, match=stop):
            copy(_WrittenMeanwhile(source, url), target)
        assert copy(source, target)["runs"] == 1


def test_rows_that_do_not_arrive_are_noticed(source: SqliteDatabase, tmp_path: Path) -> None:
    """Should a database lose rows without an error, nothing is copied."""
    with closing(SqliteDatabase(tmp_path / "lossy.db")) as target:
        target.upgrade()
        with closing(sqlite3.connect(tmp_path / "lossy.db")) as connection:
            connection.execute("CREATE TRIGGER lose BEFORE INSERT ON runs BEGIN SELECT RAISE(IGNORE); END")
        with pytest.raises(StoreError, match=r"1 rows of runs were to be copied, and 0 arrived. .*integrity_check"):
            copy(source, target)
        with target.snapshot() as view:
            assert not any(rows(view.connection)["pipelines"])


def test_a_source_of_an_older_version_is_upgraded_first(tmp_path: Path) -> None:
    """A file that nobody has opened yet is refused with what to type, and so is a file that is not there."""
    old_file(RECORDED[0], tmp_path / "old.db")
    with closing(SqliteDatabase(tmp_path / "old.db")) as source, closing(SqliteDatabase(tmp_path / "to.db")) as target:
        with pytest.raises(StoreError, match=r"old.db was written by an older Tocsin: .* type: tocsin db upgrade"):
            copy(source, target)
        with pytest.raises(StoreError, match=r"to.db has no tables. Type: tocsin db upgrade"):
            copy(target, source)


def test_a_store_in_memory_cannot_be_looked_after() -> None:
    """It ends with its process."""
    with pytest.raises(StoreError, match=r"memory:// keeps nothing. Name a file or a database: TOCSIN__STORE="):
        open_database("memory://")
