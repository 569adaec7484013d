"""The tables in a SQLite file: made where there are none, and brought forward where they are of an older version."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select, text
from sqlalchemy.exc import OperationalError

from tocsin.store.schema_version import foreign, newer
from tocsin.store.sqlite_engine import READ
from tocsin.store.sqlite_errors import is_locked
from tocsin.store.sqlite_file import ANOTHER_PLACE
from tocsin.store.tables import SCHEMA_VERSION, meta, metadata

_log = logging.getLogger("tocsin")
_TABLES = text("SELECT name FROM sqlite_master WHERE type = 'table'")
_VERSION = select(meta.c.value).where(meta.c.name == "schema_version")
#: Seconds to wait for a process that brings the tables forward: with millions of runs that takes minutes.
_PATIENCE = 600.0


def installed_version(connection: Connection, path: Path) -> int | None:
    """Return the version of the tables in a file, None for an empty one.

    Raises:
        StoreError: The tables are those of another program, or of a newer Tocsin.
    """
    tables = set(connection.scalars(_TABLES))
    if not tables:
        return None
    version = connection.scalar(_VERSION) if meta.name in tables else None
    if version is None:
        raise foreign(f"sqlite:///{path}", tables, ANOTHER_PLACE)
    if int(version) > SCHEMA_VERSION:
        raise newer(f"sqlite:///{path}", int(version))
    return int(version)


def create_tables(connection: Connection) -> None:
    """Create all tables of this version in an empty file."""
    metadata.create_all(connection, checkfirst=False)
    connection.execute(insert(meta).values(name="schema_version", value=str(SCHEMA_VERSION)))


def bring_up_to_date(engine: Engine, path: Path) -> None:
    """Let the file have the tables of today, and keep a copy of what an older version wrote beside it.

    All happens in one transaction: a process that is killed leaves the file as it was. Of several processes one does
    it, and the others wait.

    Raises:
        StoreError: The tables are those of another program, or of a newer Tocsin.
    """
    with engine.execution_options(begin=READ).begin() as connection:
        found = installed_version(connection, path)
    if found == SCHEMA_VERSION:
        return
    with _alone(engine, wait=0 if found is None else _PATIENCE) as connection:
        # Another process may have been first.
        found = installed_version(connection, path)
        if found is None:
            create_tables(connection)
        elif found < SCHEMA_VERSION:
            # Alembic takes half a second to import.
            from tocsin.store.migrations.steps import upgrade

            _keep_copy(path)
            upgrade(connection, found=found, wanted=SCHEMA_VERSION)


@contextmanager
def _alone(engine: Engine, *, wait: float) -> Iterator[Connection]:
    """Open a transaction that excludes other writers; wait for them for so many seconds beyond the usual patience."""
    deadline = time.monotonic() + wait
    with engine.connect() as connection:
        while True:
            try:
                transaction = connection.begin()
            except OperationalError as error:
                if not is_locked(error) or time.monotonic() > deadline:
                    raise
            else:
                break
        with transaction:
            yield connection


def _keep_copy(path: Path) -> None:
    """Copy the file to one beside it, `tocsin.db.before-2`, unless the disk has no room for that.

    Whoever calls excludes other writers, other processes that would write the copy too.
    """
    copy = path.with_name(f"{path.name}.before-{SCHEMA_VERSION}")
    size = sum(file.stat().st_size for file in (path, path.with_name(f"{path.name}-wal")) if file.exists())
    # Bringing the tables forward needs room as well: for new tables, and for the log of what is changed.
    if shutil.disk_usage(path.parent).free < 3 * size:
        _log.warning("%s is brought to version %d without a copy: the disk has no room for one", path, SCHEMA_VERSION)
        return
    unfinished = copy.with_name(f"{copy.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    # It holds what the store holds, so only its owner may read it.
    os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(unfinished)) as target:
        source.backup(target)
        # With the log that the file works with, a copy of it would be three files.
        target.execute("PRAGMA journal_mode = DELETE")
    unfinished.replace(copy)
    _log.info("%s is brought to version %d; as it was before: %s", path, SCHEMA_VERSION, copy)
