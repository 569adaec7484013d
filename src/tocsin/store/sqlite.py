"""A store in one SQLite file, shared by all threads and processes of one machine."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from tocsin.store.forks import close_before_forks
from tocsin.store.sql import SqlTransaction
from tocsin.store.sqlite_engine import READ, engine_for
from tocsin.store.sqlite_errors import explained, is_locked
from tocsin.store.sqlite_file import prepare
from tocsin.store.sqlite_schema import bring_up_to_date
from tocsin.store.turn import Turn


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
        self._engine = engine_for(self._path, patience)
        close_before_forks(self)
        try:
            with explained(self._path, self._patience):
                self._switch_to_wal()
                bring_up_to_date(self._engine, self._path)
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
        with self._turn.taken(), explained(self._path, self._patience), self._engine.begin() as connection:
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
        reading = self._engine.execution_options(begin=READ)
        with explained(self._path, self._patience), reading.begin() as connection:
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
                    if not is_locked(error) or time.monotonic() > deadline:
                        raise
                    time.sleep(0.01)
                else:
                    return
