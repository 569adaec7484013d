"""A database below the domain: its tables, whatever their version, for those who look after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import ColumnElement, Connection, Table, func, inspect, select

from tocsin.store.size import size_of
from tocsin.store.tables import TO_TAKE_IN, inbox, metadata, runs


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One consistent view of a database."""

    connection: Connection
    #: Tells whether somebody has written since the view was opened.
    has_changed: Callable[[], bool]


class Database(Protocol):
    """A file, or a database of PostgreSQL; every method raises StoreError where it cannot be used."""

    #: As it is shown to people.
    url: str

    def version(self) -> int | None:
        """Return the version of its tables, None where there are none.

        Raises:
            StoreError: The tables are those of another program, or of a newer Tocsin.
        """

    def upgrade(self) -> None:
        """Bring the tables to the version of today, all or nothing, and make them where there are none."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Open a view that no writer changes; it holds nobody up."""

    def writing(self) -> AbstractContextManager[Connection]:
        """Open a transaction that excludes all other writers."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a database holds."""

    #: Bytes on the disk.
    size: int
    #: By table; tables that an older version does not have are missing.
    rows: Mapping[str, int]
    #: When the first and the last known run began.
    oldest_run: datetime | None
    newest_run: datetime | None
    #: What a server was given and has not looked at yet.
    waiting_events: int


def contents(database: Database) -> Contents:
    """Count what a database holds, in one view of it."""
    with database.snapshot() as view:
        present = set(inspect(view.connection).get_table_names())
        tables = [table for name, table in sorted(metadata.tables.items()) if name in present]
        # Each by itself: a database that is asked for both at once reads all runs.
        oldest, newest = (
            view.connection.scalar(select(edge(runs.c.started_at))) if runs.name in present else None
            for edge in (func.min, func.max)
        )
        return Contents(
            size=size_of(view.connection),
            rows={table.name: _count(view.connection, table) for table in tables},
            oldest_run=oldest,
            newest_run=newest,
            waiting_events=_count(view.connection, inbox, TO_TAKE_IN) if inbox.name in present else 0,
        )


def _count(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0
