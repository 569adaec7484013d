"""The tables that are made at once and those that grew version by version are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from real_postgres import Postgres
from tocsin.store import postgres_schema, sqlite_schema
from tocsin.store.migrations.steps import upgrade
from tocsin.store.postgres_engine import engine_for as postgres_engine
from tocsin.store.postgres_engine import parse
from tocsin.store.sqlite_engine import engine_for as sqlite_engine
from tocsin.store.tables import SCHEMA_VERSION, metadata

_POSTGRES = """
    SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        (SELECT collname FROM pg_collation WHERE oid = a.attcollation), pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d
        ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), true, NULL, NULL
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef, true, NULL, NULL FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'sequence', relname, NULL, NULL, true, NULL, NULL
    FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace
"""


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Connection, Connection]]:
    """Give two empty databases of one kind, inside of transactions."""
    if request.param == "sqlite":
        engines = [sqlite_engine(tmp_path / f"{number}.db", 60) for number in range(2)]
    else:
        server: Postgres = request.getfixturevalue("postgres")
        engines = [postgres_engine(parse(server.empty_database()), 60) for _ in range(2)]
    with engines[0].begin() as one, engines[1].begin() as other:
        yield one, other
    for engine in engines:
        engine.dispose()


def make_at_once(connection: Connection) -> None:
    """Make the tables as an empty store gets them."""
    if connection.dialect.name == "postgresql":
        postgres_schema.create_tables(connection)
    else:
        sqlite_schema.create_tables(connection)


def schema(connection: Connection) -> set[tuple[Any, ...]]:
    """Return all that a database knows of its tables but the order of columns."""
    if connection.dialect.name == "postgresql":
        return {tuple(row) for row in connection.exec_driver_sql(_POSTGRES.replace("%", "%%"))}
    known = set()
    for table in inspect(connection).get_table_names():
        columns = connection.exec_driver_sql(f"PRAGMA table_info({table})").all()
        known |= {(table, *column[1:]) for column in columns}
        for index in connection.exec_driver_sql(f"PRAGMA index_list({table})").all():
            columns = connection.exec_driver_sql(f"PRAGMA index_xinfo({index.name})").all()
            # The number of a column is its place in the table; -1 is the row's number, which every index ends with.
            keys = tuple((column.name, column.desc, column.coll) for column in columns if column.cid != -1)
            made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (index.name,)).scalar()
            condition = re.sub(r"\s+", " ", str(made)).partition(" WHERE ")[2]
            known.add((table, index.name, index.unique, index.origin, keys, condition))
    return known


def test_both_ways_make_the_same_tables(empty: tuple[Connection, Connection]) -> None:
    """Columns with their types, keys, indexes with their conditions and order, and sequences are the same."""
    at_once, step_by_step = empty
    make_at_once(at_once)
    upgrade(step_by_step, found=0, wanted=1)
    step_by_step.exec_driver_sql("INSERT INTO meta VALUES ('schema_version', '1')")
    upgrade(step_by_step, found=1, wanted=SCHEMA_VERSION)

    assert schema(step_by_step) == schema(at_once)
    assert compare_metadata(MigrationContext.configure(step_by_step), metadata) == []
    assert [connection.exec_driver_sql("SELECT value FROM meta").scalar() for connection in empty] == ["2", "2"]


def test_a_difference_is_seen(empty: tuple[Connection, Connection]) -> None:
    """The comparison finds another condition of an index, and a column that may be empty."""
    for changed in empty:
        make_at_once(changed)
    empty[0].exec_driver_sql("DROP INDEX runs_running")
    empty[0].exec_driver_sql("CREATE INDEX runs_running ON runs (started_at DESC) WHERE outcome = 'failed'")
    empty[0].exec_driver_sql("ALTER TABLE runs ADD COLUMN more TEXT")

    named = {name for row in schema(empty[0]) ^ schema(empty[1]) for name in row if name in {"runs_running", "more"}}
    assert named == {"runs_running", "more"}
