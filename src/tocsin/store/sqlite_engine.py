"""How a SQLite file is connected to."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

#: How a transaction begins that only reads.
READ = "BEGIN DEFERRED"
# A transaction that reads first and writes then fails at once if another one wrote in between, however long the timeout
# is. So writers queue up at the beginning.
_WRITE = "BEGIN IMMEDIATE"


def engine_for(path: Path, patience: float) -> Engine:
    """Return connections to a file; none is made yet.

    A transaction excludes other writers from its beginning, unless its execution option `begin` says `READ`.

    Args:
        path: The file.
        patience: Seconds that each statement waits for other writers.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        # As many connections as there are threads inside a transaction; five of them stay open.
        max_overflow=-1,
        # `isolation_level=None` keeps the sqlite3 module from beginning transactions in its own way.
        connect_args={"timeout": patience, "isolation_level": None},
    )
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return engine


def _set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # FULL waits for the disk at each commit: without it a power cut takes back alerts that were decided, although
    # a restart of the program would not. A pipeline run pays for it a few times, with milliseconds.
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", _WRITE))
