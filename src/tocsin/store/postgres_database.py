"""A database of PostgreSQL as those see it who look after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import BigInteger, Connection, Text, cast, func, literal_column, select, text

from tocsin.store.database import Snapshot
from tocsin.store.postgres_engine import READ, WRITE, engine_for, parse, shown
from tocsin.store.postgres_errors import explained
from tocsin.store.postgres_schema import bring_up_to_date, installed_version
from tocsin.store.tables import metadata

# What is copied row by row leaves the other side waiting inside its transaction.
_MAY_WAIT = text("SET LOCAL idle_in_transaction_session_timeout = 0")

# Each row knows which transaction wrote it last.
_MARKS = select(func.count(), func.sum(cast(cast(literal_column("xmin"), Text), BigInteger)))


class PostgresDatabase:
    """Implements `tocsin.store.database.Database`."""

    def __init__(self, url: str, *, patience: float = 600.0) -> None:
        """Take the database; see `PostgresStore` for the address.

        Args:
            url: Its address.
            patience: Seconds to wait for other writers: one that upgrades a large history takes minutes.
        """
        address = parse(url)
        self.url = shown(address)
        self._patience = patience
        self._engine = engine_for(address, patience)

    def version(self) -> int | None:
        """Return the version of its tables, None where there are none."""
        with self._transaction(READ) as connection:
            return installed_version(connection, self.url)

    def upgrade(self) -> None:
        """Bring the tables to the version of today, all or nothing; of several processes one does it."""
        with self._transaction(WRITE) as connection:
            bring_up_to_date(connection, self.url)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open a view that no writer changes."""
        with self._transaction(READ) as connection:
            connection.execute(_MAY_WAIT)

            def has_changed() -> bool:
                with self._transaction(READ) as now:
                    return _written(now) != _written(connection)

            yield Snapshot(connection=connection, has_changed=has_changed)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that excludes all other writers."""
        with self._transaction(WRITE) as connection:
            connection.execute(_MAY_WAIT)
            yield connection

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        with explained(self.url, self._patience), self._engine.execution_options(begin=begin).begin() as connection:
            yield connection


def _written(connection: Connection) -> dict[str, object]:
    """Return what differs by table as soon as a row was added, changed or removed."""
    return {name: tuple(connection.execute(_MARKS.select_from(table)).one()) for name, table in metadata.tables.items()}
