"""The home of an engine and its store, as they were at a moment, again and again."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg

from tocsin.store.open import open_store
from tocsin.store.tables import metadata

_TABLES = tuple(metadata.tables)


class Stage:
    """A folder and a store that are put back to what was kept.

    The store is one and the same object all the time: it keeps what SQLAlchemy has made of each statement, which costs
    more than to run it.
    """

    def __init__(self, folder: Path, url: str) -> None:
        """Set up in a new folder; "{home}" in the address of a store is the home of the engine."""
        self.home = folder / "stage"
        self._kept = folder / "kept"
        self._url = url.format(home=self.home)
        self.home.mkdir(parents=True)
        self.store = open_store(self._url, patience=60)

    def keep(self) -> None:
        """Keep what there is now."""
        self.store.close()
        shutil.copytree(self.home, self._kept)
        self._in_postgres("CREATE SCHEMA kept", *(f"CREATE TABLE kept.{name} AS TABLE {name}" for name in _TABLES))

    def put_back(self) -> None:
        """Let everything be as it was kept."""
        self.store.close()
        shutil.rmtree(self.home)
        shutil.copytree(self._kept, self.home)
        # A copy of the whole database would take ten times as long.
        self._in_postgres(*(f"DELETE FROM {each}; INSERT INTO {each} TABLE kept.{each}" for each in _TABLES))  # noqa: S608

    def settle(self) -> None:
        """Wait until the server has ended what a process that was killed had begun."""
        with self.store.writing():
            pass

    def _in_postgres(self, *statements: str) -> None:
        if self._url.startswith("postgresql"):
            with psycopg.connect(self._url) as connection:
                connection.execute(";".join(statements).encode())
