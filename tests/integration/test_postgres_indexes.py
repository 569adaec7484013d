"""Every query of the store can be served by indexes in PostgreSQL too."""

from __future__ import annotations

import contextlib
import runpy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Connection, Integer, Table, event

from real_postgres import Postgres
from tocsin.errors import StoreError
from tocsin.store.postgres import PostgresStore
from tocsin.store.protocol import Transaction
from tocsin.store.tables import Moment, metadata

QUERIES = runpy.run_path(str(Path(__file__).with_name("test_sqlite_indexes.py")))["QUERIES"]
ROWS = 5_000
#: A moment in a row, from noon back, a second each.
_MOMENT = f"{int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())}000000 - i * 1000000"
#: What most rows have, because they are over; and what one of a hundred has.
_OVER = {
    "status": ("'sent'", "'waiting'"),
    "outcome": ("'succeeded'", "'running'"),
    "refused": ("'not JSON'", "NULL"),
    "kind": ("'failed'", "'late'"),
    "severity": ("'error'", "'warning'"),
    "open": ("false", "true"),
    "closed": ("true", "false"),
    "resolved": ("true", "false"),
}
_FEW = "CASE WHEN mod(i, 100) = 0 THEN {} ELSE {} END"


def value(column: Column[Any]) -> str:
    """Return an expression for a column of the row with number i, which looks like what Tocsin writes."""
    if column.name in _OVER:
        usual, rare = _OVER[column.name]
        return _FEW.format(rare, usual)
    if column.name == "environment":
        return "'e'"
    if column.name == "pipeline":
        return f"'p' || mod(i, {ROWS if column.primary_key else 50})"
    if isinstance(column.type, Moment):
        # What is planned is planned of few.
        return _FEW.format(_MOMENT, "NULL") if column.nullable and column.name != "ended_at" else _MOMENT
    if isinstance(column.type, Boolean):
        return "false"
    if isinstance(column.type, Integer):
        return "i"
    return "repeat('x', 500)" if column.name == "data" else f"'{column.name}' || i"


@pytest.fixture(scope="module")
def filled(postgres: Postgres) -> Iterator[PostgresStore]:
    """A store with rows in all tables, which its planner knows of."""
    # Small tables are read from end to end because that is quick; not here, where another way is to be shown.
    url = f"{postgres.database()}?options=-c%20enable_seqscan%3Doff"
    with contextlib.closing(PostgresStore(url)) as store:
        with store._engine.begin() as connection:
            for table in metadata.tables.values():
                fill(connection, table)
            connection.exec_driver_sql("ANALYZE")
        yield store


def fill(connection: Connection, table: Table) -> None:
    """Add rows to a table."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    values = ", ".join(value(column) for column in table.columns)
    rows = f"SELECT {values} FROM generate_series(1, {ROWS}::bigint) AS i"  # noqa: S608  # names of our own columns
    connection.exec_driver_sql(f"INSERT INTO {table.name} ({names}) {rows} ON CONFLICT DO NOTHING")


@contextlib.contextmanager
def plans(store: PostgresStore) -> Iterator[list[str]]:
    """Collect how PostgreSQL goes about each statement."""
    lines: list[str] = []

    def explain(connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            one = parameters[0] if isinstance(parameters, list) else parameters
            rows = connection.connection.cursor().execute(f"EXPLAIN {statement}", one)
            lines.extend(row[0] for row in rows)

    event.listen(store._engine, "before_cursor_execute", explain)
    yield lines
    event.remove(store._engine, "before_cursor_execute", explain)


@pytest.mark.parametrize("query", [query for query, _ in QUERIES])
def test_postgres_reads_no_table_from_end_to_end(query: Callable[[Transaction], object], filled: PostgresStore) -> None:
    """Every statement has a plan that reads through indexes alone."""
    # What the rows hold is nothing that can be read.
    with plans(filled) as plan, contextlib.suppress(StoreError), filled.writing() as tx:
        query(tx)
    assert plan != []
    assert [line for line in plan if "Seq Scan" in line] == []
