"""A store in PostgreSQL, shared by any number of processes and machines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select, text

from tocsin.errors import StoreError
from tocsin.store.forks import close_before_forks
from tocsin.store.postgres_engine import engine_for, parse, shown
from tocsin.store.postgres_errors import explained
from tocsin.store.sql import SqlTransaction
from tocsin.store.tables import SCHEMA_VERSION, meta
from tocsin.store.turn import Turn

#: One for all who write to a database. Advisory locks belong to a database; the number is ours.
_LOCK = int.from_bytes(b"tocsin", "big")
# Each statement of a writer sees what was committed before it, and the first one comes when nobody else writes.
_WRITE = f"BEGIN; SELECT pg_advisory_xact_lock({_LOCK})"
_APPEND = "BEGIN"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

_HAS_TABLES = text("SELECT to_regclass('meta') IS NOT NULL")
_VERSION = select(meta.c.value).where(meta.c.name == "schema_version")


class PostgresStore:
    """Runs, alerts and the outbox in a database of PostgreSQL.

    Connections stay open between transactions. They are closed before the process forks, so a store can be used on
    both sides; but no thread may be inside a transaction while another one forks.
    """

    def __init__(self, url: str, *, patience: float = 5.0) -> None:
        """Connect to a database that has the tables.

        Args:
            url: "postgresql://user:password@host:5432/database", with parameters of libpq behind a question mark:
                "?sslmode=verify-full".
            patience: Seconds to wait for other writers.

        Raises:
            StoreError: The database cannot be reached, or does not have the tables that this version understands.
        """
        address = parse(url)
        self.url = shown(address)
        self._patience = patience
        self._turn = Turn(self.url, patience)
        self._engine = engine_for(address, patience)
        close_before_forks(self)
        try:
            with self._transaction(_READ) as connection:
                self._check_schema(connection)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def writing(self) -> Iterator[SqlTransaction]:
        """Open a transaction that excludes other writers from its first statement; commits at the end.

        Raises:
            StoreLocked: Other writers did not let go in time.
            StoreError: The store cannot be written.
        """
        with self._turn.taken(), self._transaction(_WRITE) as connection:
            yield SqlTransaction(connection, writable=True)

    @contextmanager
    def appending(self) -> Iterator[SqlTransaction]:
        """Open a transaction that is only for `receive`, and that neither waits for writers nor holds them up.

        Raises:
            StoreError: The store cannot be written.
        """
        with self._transaction(_APPEND) as connection:
            yield SqlTransaction(connection, writable=True)

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        """Open a view of what is committed at its first read; it waits for no writer, and none waits for it.

        Raises:
            StoreError: The store cannot be read, or something was to be changed through the view.
        """
        with self._transaction(_READ) as connection:
            yield SqlTransaction(connection, writable=False)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        with explained(self.url, self._patience), self._engine.execution_options(begin=begin).begin() as connection:
            yield connection
            if _has_failed(connection):
                raise StoreError(
                    f"the store {self.url} has taken a transaction back: something in it failed, and it went on. "
                    "Leave the transaction where a StoreError is raised in it"
                )

    def _check_schema(self, connection: Connection) -> None:
        if not connection.scalar(_HAS_TABLES):
            raise StoreError(f"the store {self.url} has no tables. Type: tocsin db upgrade")
        version = connection.scalar(_VERSION)
        if version != str(SCHEMA_VERSION):
            raise StoreError(
                f"the store {self.url} was written by a newer Tocsin: its tables have version {version}, this one "
                f"knows {SCHEMA_VERSION}. Type: pip install --upgrade dlt-tocsin"
            )


def _has_failed(connection: Connection) -> bool:
    """Return whether a statement has failed. PostgreSQL then answers COMMIT by taking all back, without an error."""
    psycopg = connection.connection.driver_connection
    return psycopg is not None and psycopg.info.transaction_status.name == "INERROR"
