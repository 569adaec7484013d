"""What SQLite says, as what happened and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from tocsin.errors import StoreError, StoreLocked
from tocsin.store.sqlite_file import ANOTHER_PLACE


@contextmanager
def explained(path: Path, patience: float) -> Iterator[None]:
    """Turn what SQLite says into what happened and what to do.

    Args:
        path: The file of the store.
        patience: Seconds that other writers were waited for.

    Raises:
        StoreLocked: Other writers did not let go in time.
        StoreError: The store cannot be used.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        url, said = f"sqlite:///{path}", getattr(error, "orig", error)
        match _code(error):
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                raise StoreLocked(
                    f"the store {url} was locked by another process for {patience:g} s: {said}. "
                    f"See who has it open: fuser -v {path}"
                ) from error
            case sqlite3.SQLITE_FULL:
                do = f"Nothing of this transaction was written. Free space: df -h {path.parent}"
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                do = f"Let this user write the file and its folder: ls -ld {path.parent} {path}*"
            case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
                do = f"Move it away, and Tocsin starts a new one: mv {path} {path}.broken"
            case _:
                do = f"Nothing of this transaction was written. {ANOTHER_PLACE}, on a disk that works"
        raise StoreError(f"the store {url} cannot be used: {said}. {do}") from error


def is_locked(error: DBAPIError | sqlite3.Error) -> bool:
    """Return whether another connection has to let go first."""
    return _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _code(error: DBAPIError | sqlite3.Error) -> int | None:
    """Return SQLite's primary result code; the upper bits of what it says refine it."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
