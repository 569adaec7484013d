"""A store in PostgreSQL, shared by any number of processes and machines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from tocsin.errors import StoreError
from tocsin.store.forks import close_before_forks
from tocsin.store.postgres_engine import READ, WRITE, engine_for, parse, shown, transaction
from tocsin.store.postgres_errors import explained
from tocsin.store.postgres_schema import installed_version
from tocsin.store.schema_version import missing, older
from tocsin.store.sql import SqlTransaction
from tocsin.store.tables import SCHEMA_VERSION
from tocsin.store.turn import Turn

_APPEND = "BEGIN"


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
            with self._transaction(READ) as connection:
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
        with self._turn.taken(), self._transaction(WRITE) as connection:
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
        with self._transaction(READ) as connection:
            yield SqlTransaction(connection, writable=False)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        with explained(self.url, self._patience), transaction(self._engine, begin) as connection:
            yield connection
            # PostgreSQL answers COMMIT by taking all back then, and tells nobody.
            if _session(connection).transaction_status.name == "INERROR":
                raise StoreError(
                    f"the store {self.url} has taken a transaction back: something in it failed, and it went on. "
                    "Leave the transaction where a StoreError is raised in it"
                )

    def _check_schema(self, connection: Connection) -> None:
        encoding = _session(connection).parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StoreError(
                f"the store {self.url} keeps texts as {encoding}, which does not have all letters. Create another "
                "database: createdb --encoding=UTF8 --template=template0 NAME"
            )
        version = installed_version(connection, self.url)
        if version is None:
            raise missing(self.url)
        if version < SCHEMA_VERSION:
            raise older(self.url, version)


def _session(connection: Connection) -> Any:  # noqa: ANN401  # psycopg.ConnectionInfo; psycopg may be missing
    psycopg = connection.connection.driver_connection
    assert psycopg is not None  # noqa: S101  # the connection is open
    return psycopg.info
