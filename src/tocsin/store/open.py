"""From the text in the configuration to a store."""

from __future__ import annotations

from pathlib import Path

from tocsin.errors import StoreError
from tocsin.store.protocol import Store


def open_store(url: str) -> Store:
    """Open the store that `url` names; a file is created where it is missing.

    Args:
        url: "sqlite:///relative/path", "sqlite:////absolute/path" or "sqlite:///~/path" for a file;
            "postgresql://user:password@host/database" for a database, with parameters of libpq behind a question mark;
            "memory://" for a new store that ends with the process.

    Raises:
        StoreLocked: Other processes did not let go in time.
        StoreError: There is no such kind of store, or it cannot be opened.
    """
    scheme, separator, path = url.partition("://")
    if url == "memory://":
        from tocsin.store.memory import MemoryStore

        return MemoryStore()
    if scheme == "sqlite" and path.startswith("/") and path[1:] not in {"", ":memory:"}:
        # SQLAlchemy costs some 150 ms to import, so only who opens a database pays.
        from tocsin.store.sqlite import SqliteStore

        return SqliteStore(Path(path[1:]))
    if separator and scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
        from tocsin.store.postgres import PostgresStore

        return PostgresStore(url)
    # Only the scheme is shown: the rest may hold a password.
    found = f"{scheme}://…" if separator else "a text without ://"
    raise StoreError(
        f"store: found {found}, but there is no such kind of store. Type sqlite:////absolute/path/tocsin.db for a "
        "file, postgresql://user:password@host/database for a database, or memory:// to keep nothing"
    )
