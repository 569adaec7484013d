"""Stores as released versions of Tocsin have left them, in either database; see `record_store` for what is in them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import MetaData, Table, insert, select

from tocsin.store.migrations.steps import upgrade
from tocsin.store.postgres_engine import engine_for as postgres_engine
from tocsin.store.postgres_engine import parse
from tocsin.store.sqlite_engine import engine_for as sqlite_engine

RECORDED = sorted((Path(__file__).parent / "corpus").glob("store_version_*.sql"))


def version_of(recorded: Path) -> int:
    """Return the version of the tables in a recorded store."""
    return int(recorded.stem.rpartition("_")[2])


def old_file(recorded: Path, path: Path) -> None:
    """Make a SQLite file of what was recorded."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(recorded.read_text(encoding="utf-8"))
        # As a store leaves it.
        connection.execute("PRAGMA journal_mode = WAL")


def old_database(recorded: Path, scratch: Path, url: str) -> None:
    """Make the same tables with the same rows in an empty database of PostgreSQL.

    Args:
        recorded: What was recorded.
        scratch: A file to use in between.
        url: The address of the database.
    """
    old_file(recorded, scratch)
    source, target = sqlite_engine(scratch, 60), postgres_engine(parse(url), 60)
    with source.begin() as there, target.begin() as here:
        upgrade(here, found=0, wanted=version_of(recorded))
        tables = MetaData()
        tables.reflect(there)
        for table in tables.sorted_tables:
            rows = [dict(row) for row in there.execute(select(table)).mappings()]
            if rows:
                here.execute(insert(Table(table.name, MetaData(), autoload_with=here)), rows)
        here.exec_driver_sql("SELECT setval(pg_get_serial_sequence('deliveries', 'id'), max(id)) FROM deliveries")
    source.dispose()
    target.dispose()
