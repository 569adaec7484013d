"""How PostgreSQL is connected to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, RootTransaction, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from tocsin.errors import StoreError

#: Seconds after which PostgreSQL ends a session that does nothing inside a transaction. A process that was stopped
#: there, or whose machine is gone, would keep all others from writing, and no alert would be sent. What Tocsin does
#: between two statements takes milliseconds; a machine that swaps, or is moved to another host, stands still for some
#: seconds.
STANDSTILL = 15
#: A server that is gone without a word is noticed after half a minute; by default that takes two hours. Times are in
#: seconds, but that of TCP in milliseconds: https://www.postgresql.org/docs/current/libpq-connect.html
_CONNECT = {
    "application_name": "tocsin",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
_EXAMPLE = "postgresql://user:password@host:5432/database"

# One for all who write to a database. Advisory locks belong to a database; the number is ours.
_LOCK = int.from_bytes(b"tocsin", "big")
#: How a transaction begins that excludes other writers. Each of its statements sees what was committed before it, and
#: the first one comes when nobody else writes.
WRITE = f"BEGIN; SELECT pg_advisory_xact_lock({_LOCK})"
#: How a transaction begins that only reads, all of it as of its first read.
READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


def parse(url: str) -> URL:
    """Return the address of a database.

    Raises:
        StoreError: It is no address. The message does not show it, because it may hold a password.
    """
    try:
        address = make_url(url).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):
        address = None
    # An @ in the host is one of the password.
    if address is None or not address.database or "@" in (address.host or ""):
        raise StoreError(
            "store: what follows postgresql:// is not the address of a database. "
            f"Type {_EXAMPLE}; in user and password, write @ as %40, / as %2F, : as %3A and % as %25"
        )
    return address


def shown(address: URL) -> str:
    """Return an address as it is shown to people: without user, password and parameters."""
    # Several hosts stand among the parameters.
    hosts = address.query.get("host", ())
    named = hosts if isinstance(hosts, str) else ",".join(hosts)
    bare = URL.create("postgresql", host=address.host, port=address.port, database=address.database)
    return bare.render_as_string() if address.host or not named else f"postgresql://{named}/{address.database}"


def engine_for(address: URL, patience: float) -> Engine:
    """Return connections to a database; none is made yet.

    A transaction begins with the words of the execution option `begin`, in one round trip.

    Raises:
        StoreError: psycopg is not installed.
    """
    try:
        engine = create_engine(
            address,
            # As many connections as there are threads inside a transaction; five of them stay open.
            max_overflow=-1,
            # psycopg then leaves it to us how a transaction begins.
            connect_args={**_parameters(address, patience), "autocommit": True},
        )
    except ImportError as error:
        raise StoreError(
            f"the store {shown(address)} cannot be opened: PostgreSQL needs the package psycopg ({error}). "
            "Type: pip install 'dlt-tocsin[postgres]'"
        ) from error
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def transaction(engine: Engine, words: str) -> Iterator[Connection]:
    """Yield a connection inside a transaction that begins with these words, and commits at the end."""
    connection, begun = _begin_on_one(engine, words)
    with connection, begun:
        yield connection


def libpq(url: str, *, name: str, patience: float = 5.0) -> dict[str, Any]:
    """Return what libpq needs to connect to a database, for whoever keeps connections of its own.

    Args:
        url: As in the settings.
        name: How PostgreSQL calls the connections in `pg_stat_activity`.
        patience: Seconds to wait for locks.

    Raises:
        StoreError: It is no address.
    """
    address = parse(url)
    said = address.set(drivername="postgresql").render_as_string(hide_password=False)
    return {"conninfo": said, **_parameters(address, patience), "application_name": name}


def _parameters(address: URL, patience: float) -> dict[str, Any]:
    """Return parameters of libpq. What the address says of itself comes first."""
    ours = {
        # 0 would be for ever.
        "lock_timeout": max(1, round(patience * 1000)),
        "idle_in_transaction_session_timeout": STANDSTILL * 1000,
    }
    said = address.query.get("options", "")
    options = [f"-c {name}={value}" for name, value in ours.items()]
    options += [said] if isinstance(said, str) else said
    rest = {name: value for name, value in _CONNECT.items() if name not in address.query}
    return {**rest, "options": " ".join(options)}


def _begin_on_one(engine: Engine, words: str, *, again: bool = True) -> tuple[Connection, RootTransaction]:
    """Begin a transaction; a connection that was cut while nobody used it is replaced, and with it all of its age.

    To ask each whether it lives would be another round trip, and most of our transactions have three.
    """
    connection = engine.execution_options(begin=words).connect()
    try:
        return connection, connection.begin()
    except BaseException as error:
        connection.close()
        if again and isinstance(error, DBAPIError) and error.connection_invalidated:
            return _begin_on_one(engine, words, again=False)
        raise


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
