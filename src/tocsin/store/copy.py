"""All that one database holds, copied into another that is empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, Table, func, insert, select

from tocsin.errors import StoreError
from tocsin.store.database import Database
from tocsin.store.schema_version import missing, older
from tocsin.store.tables import SCHEMA_VERSION, meta, metadata

#: How many rows are in memory at once; each may hold a traceback.
_CHUNK = 1000


def copy(source: Database, target: Database) -> Mapping[str, int]:
    """Copy every row of every table as of one moment, or nothing at all, and return how many by table.

    Args:
        source: Has tables of this version; it is only read.
        target: Has no tables, or empty ones.

    Raises:
        StoreError: The source has other tables or was written to meanwhile, the target is not empty, or not all has
            arrived.
    """
    _require_current(source)
    if target.version() is None:
        target.upgrade()
    _require_current(target)
    with source.snapshot() as view, target.writing() as into:
        for table in metadata.sorted_tables:
            if _count(into, table):
                raise StoreError(
                    f"nothing was copied: the store {target.url} is not empty, its table {table.name} has rows. "
                    "Name one in which nothing was recorded yet"
                )
        copied = {table.name: _copy_table(view.connection, into, table) for table in metadata.sorted_tables}
        if view.has_changed():
            raise StoreError(
                f"nothing was copied: something was written to {source.url} in the meantime, and would be missing in "
                f"{target.url}. Stop tocsin watch, servers, workers and pipelines first"
            )
    return copied


def _require_current(database: Database) -> None:
    version = database.version()
    if version is None:
        raise missing(database.url)
    if version < SCHEMA_VERSION:
        raise older(database.url, version)


def _copy_table(source: Connection, target: Connection, table: Table) -> int:
    there = source.execute(_rows(select(table), table), execution_options={"yield_per": _CHUNK})
    for chunk in there.mappings().partitions():
        target.execute(insert(table), [dict(row) for row in chunk])
    _go_on_counting(target, table)
    expected, arrived = _count(source, table), _count(target, table)
    if expected != arrived:
        raise StoreError(
            f"nothing was copied: {expected:,} rows of {table.name} were to be copied, and {arrived:,} arrived. "
            "Check the file of the source: PRAGMA integrity_check"
        )
    return arrived


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(_rows(select(func.count()).select_from(table), table)) or 0


def _rows(statement: Select[Any], table: Table) -> Select[Any]:
    """Leave out the version of the tables, which each database says of itself."""
    return statement.where(meta.c.name != "schema_version") if table is meta else statement


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number the next row after those that brought their numbers along; SQLite does so by itself."""
    column = table.autoincrement_column
    if column is not None and connection.dialect.name == "postgresql":
        highest = select(func.max(column)).scalar_subquery()
        connection.execute(
            select(func.setval(func.pg_get_serial_sequence(table.name, column.name), highest)).where(
                highest.is_not(None)
            )
        )
