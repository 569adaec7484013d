"""A store in one SQLite file, shared by all threads and processes of one machine."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, QueuePool, create_engine, event, insert, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from tocsin.errors import StoreError, StoreLocked
from tocsin.store.forks import close_before_forks
from tocsin.store.sql import SqlTransaction
from tocsin.store.sqlite_file import ANOTHER_PLACE, prepare
from tocsin.store.tables import SCHEMA_VERSION, meta, metadata
from tocsin.store.turn import Turn

_TABLES = text("SELECT name FROM sqlite_master WHERE type = 'table'")
_VERSION = select(meta.c.value).where(meta.c.name == "schema_version")


class SqliteStore:
    """Runs, alerts and the outbox in a SQLite file.

    Connections stay open between transactions: closing the last one moves the log into the file, which costs several
    times what a transaction costs. They are closed before the process forks, so a store can be used on both sides;
    but no thread may be inside a transaction while another one forks.
    """

    def __init__(self, path: Path, *, patience: float = 5.0) -> None:
        """Open the file, and create it with its tables where it is missing.

        Args:
            path: The file. Its folders are created.
            patience: Seconds to wait for other writers.

        Raises:
            StoreLocked: Other processes did not let go in time.
            StoreError: The file cannot be opened, or is not a store that this version understands.
        """
        self._path = path.expanduser().absolute()
        self._patience = patience
        self.url = f"sqlite:///{self._path}"
        self._turn = Turn(self.url, patience)
        prepare(self._path)
        self._engine = create_engine(
            URL.create("sqlite", database=str(self._path)),
            poolclass=QueuePool,
            # As many connections as there are threads inside a transaction; five of them stay open.
            max_overflow=-1,
            # `isolation_level=None` keeps the sqlite3 module from beginning transactions in its own way.
            connect_args={"timeout": patience, "isolation_level": None},
        )
        event.listen(self._engine, "connect", _set_up)
        event.listen(self._engine, "begin", _begin)
        close_before_forks(self)
        try:
            with self._explained():
                self._switch_to_wal()
                self._check_schema()
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
        with self._turn.taken(), self._explained(), self._engine.begin() as connection:
            yield SqlTransaction(connection, writable=True)

    def appending(self) -> AbstractContextManager[SqlTransaction]:
        """Open a transaction that is only for `receive`; SQLite lets one write at a time, whatever it writes.

        Raises:
            StoreLocked: Other writers did not let go in time.
            StoreError: The store cannot be written.
        """
        return self.writing()

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        """Open a view of what is committed at its first read; it waits for no writer, and none waits for it.

        Raises:
            StoreError: The store cannot be read, or something was to be changed through the view.
        """
        with self._explained(), self._engine.execution_options(begin="BEGIN DEFERRED").begin() as connection:
            yield SqlTransaction(connection, writable=False)

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def _switch_to_wal(self) -> None:
        """Let readers and a writer work at the same time; the file remembers it.

        The switch needs the file for itself and does not wait for it, whatever the timeout.
        """
        deadline = time.monotonic() + self._patience
        with closing(self._engine.raw_connection()) as connection:
            cursor = connection.cursor()
            while True:
                try:
                    cursor.execute("PRAGMA journal_mode = WAL")
                except sqlite3.OperationalError as error:
                    if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                        raise
                    time.sleep(0.01)
                else:
                    return

    def _check_schema(self) -> None:
        with self._engine.execution_options(begin="BEGIN DEFERRED").begin() as connection:
            known = self._knows_schema(connection)
        if known:
            return
        with self._engine.begin() as connection:
            # Another process may have been first.
            if not self._knows_schema(connection):
                metadata.create_all(connection, checkfirst=False)
                connection.execute(insert(meta).values(name="schema_version", value=str(SCHEMA_VERSION)))

    def _knows_schema(self, connection: Connection) -> bool:
        """Return whether the tables are there, False for an empty file."""
        tables = set(connection.scalars(_TABLES))
        if not tables:
            return False
        version = connection.scalar(_VERSION) if meta.name in tables else None
        if version is None:
            raise StoreError(
                f"{self.url} is the database of another program: it has the tables {', '.join(sorted(tables))}. "
                f"{ANOTHER_PLACE}"
            )
        if version != str(SCHEMA_VERSION):
            raise StoreError(
                f"the store {self.url} was written by a newer Tocsin: its tables have version {version}, this one "
                f"knows {SCHEMA_VERSION}. Type: pip install --upgrade dlt-tocsin"
            )
        return True

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite says into what happened and what to do."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            said = getattr(error, "orig", error)
            match _code(error):
                case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                    raise StoreLocked(
                        f"the store {self.url} was locked by another process for {self._patience:g} s: {said}. "
                        f"See who has it open: fuser -v {self._path}"
                    ) from error
                case sqlite3.SQLITE_FULL:
                    do = f"Nothing of this transaction was written. Free space: df -h {self._path.parent}"
                case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                    do = f"Let this user write the file and its folder: ls -ld {self._path.parent} {self._path}*"
                case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
                    do = f"Move it away, and Tocsin starts a new one: mv {self._path} {self._path}.broken"
                case _:
                    do = f"Nothing of this transaction was written. {ANOTHER_PLACE}, on a disk that works"
            raise StoreError(f"the store {self.url} cannot be used: {said}. {do}") from error


def _set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # FULL waits for the disk at each commit: without it a power cut takes back alerts that were decided, although
    # a restart of the program would not. A pipeline run pays for it a few times, with milliseconds.
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes then fails at once if another one wrote in between, however long
    # the timeout is. So writers queue up at the beginning.
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN IMMEDIATE"))


def _code(error: DBAPIError | sqlite3.Error) -> int | None:
    """Return SQLite's primary result code; the upper bits of what it says refine it."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
