"""From the text in the configuration to a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.errors import StoreError
from tocsin.store.protocol import Store

if TYPE_CHECKING:
    from tocsin.store.database import Database

_NOWHERE = "memory://"


def open_store(url: str, *, patience: float = 5.0) -> Store:
    """Open the store that `url` names; a file is created where it is missing.

    Args:
        url: "sqlite:///relative/path", "sqlite:////absolute/path" or "sqlite:///~/path" for a file;
            "postgresql://user:password@host/database" for a database, with parameters of libpq behind a question mark;
            "memory://" for a new store that ends with the process.
        patience: Seconds to wait for other writers.

    Raises:
        StoreLocked: Other processes did not let go in time.
        StoreError: There is no such kind of store, or it cannot be opened.
    """
    if url == _NOWHERE:
        from tocsin.store.memory import MemoryStore

        return MemoryStore(patience=patience)
    if (path := _file(url)) is not None:
        # SQLAlchemy costs some 150 ms to import, so only who opens a database pays.
        from tocsin.store.sqlite import SqliteStore

        return SqliteStore(path)
    if is_postgres(url):
        from tocsin.store.postgres import PostgresStore

        return PostgresStore(url, patience=patience)
    raise _unknown(url)


def open_database(url: str) -> Database:
    """Return the database that keeps the store which `url` names, whatever the version of its tables.

    Raises:
        StoreError: There is no such kind of store, or it keeps nothing.
    """
    if url == _NOWHERE:
        raise StoreError(
            f"the store {url} keeps nothing. Name a file or a database: TOCSIN__STORE=sqlite:////absolute/path/tocsin.db"
        )
    if (path := _file(url)) is not None:
        from tocsin.store.sqlite_database import SqliteDatabase

        return SqliteDatabase(path)
    if is_postgres(url):
        from tocsin.store.postgres_database import PostgresDatabase

        return PostgresDatabase(url)
    raise _unknown(url)


def is_postgres(url: str) -> bool:
    """Return whether a store is a database of PostgreSQL, which several machines can share."""
    scheme, separator, _ = url.partition("://")
    return bool(separator) and scheme in {"postgresql", "postgres", "postgresql+psycopg"}


def _file(url: str) -> Path | None:
    scheme, _, path = url.partition("://")
    # SQLite's own names for a database that vanishes would lose every alert without a word.
    kept = scheme == "sqlite" and path.startswith("/") and path[1:] not in {"", ":memory:"}
    return Path(path[1:]) if kept else None


def _unknown(url: str) -> StoreError:
    scheme, separator, _ = url.partition("://")
    # Only the scheme is shown: the rest may hold a password.
    found = f"{scheme}://…" if separator else "a text without ://"
    return StoreError(
        f"store: found {found}, but there is no such kind of store. Type sqlite:////absolute/path/tocsin.db for a "
        "file, postgresql://user:password@host/database for a database, or memory:// to keep nothing"
    )
