"""A SQLite file as those see it who look after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

from tocsin.errors import StoreError
from tocsin.store.database import Snapshot
from tocsin.store.sqlite import SqliteStore
from tocsin.store.sqlite_engine import READ, engine_for
from tocsin.store.sqlite_errors import explained
from tocsin.store.sqlite_schema import installed_version

# Changes whenever another connection commits: https://sqlite.org/pragma.html#pragma_data_version
_COMMITS = text("PRAGMA data_version")


class SqliteDatabase:
    """Implements `tocsin.store.database.Database`."""

    def __init__(self, path: Path, *, patience: float = 5.0) -> None:
        """Take the file; it need not exist before it is upgraded."""
        self._path = path.expanduser().absolute()
        self._patience = patience
        self._engine = engine_for(self._path, patience)
        self.url = f"sqlite:///{self._path}"

    def version(self) -> int | None:
        """Return the version of its tables, None where there is no file, or an empty one."""
        if not self._path.exists():
            return None
        with self.snapshot() as view:
            return installed_version(view.connection, self._path)

    def upgrade(self) -> None:
        """Open the file as a store, which does it."""
        SqliteStore(self._path, patience=self._patience).close()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open a view that no writer changes."""
        if not self._path.exists():
            raise StoreError(f"there is no store {self.url}: the first run or command that needs it makes it")
        reading = self._engine.execution_options(begin=READ)
        with explained(self._path, self._patience), reading.connect() as watcher:
            before = _commits(watcher)
            with reading.begin() as connection:
                yield Snapshot(connection=connection, has_changed=lambda: _commits(watcher) != before)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that excludes all other writers."""
        with explained(self._path, self._patience), self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def _commits(watcher: Connection) -> object:
    with watcher.begin():
        return watcher.scalar(_COMMITS)
