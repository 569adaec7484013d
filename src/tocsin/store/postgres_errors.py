"""What PostgreSQL says, as what happened and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from tocsin.errors import StoreError, StoreLocked
from tocsin.store.postgres_engine import STANDSTILL

_LOCK_NOT_AVAILABLE = "55P03"
_ADDRESS = "Put the right ones into TOCSIN__STORE=postgresql://user:password@host/database"
_CREATE = "Create it: createdb --encoding=UTF8 --template=template0 NAME"
_CONNECTIONS = "Close programs that hold connections, or raise max_connections in postgresql.conf"
_UPGRADE = "Its tables are not those of this version. Type: tocsin db upgrade"
_POOLER = (
    "A pooler stands between that does not keep a connection for a whole session, or not as it was asked for. Name "
    "PostgreSQL itself; docs/server.md tells of poolers that will do"
)
#: By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_TO_DO = {
    "25006": "It is a standby, or may only be read. Name the primary, or all: ?target_session_attrs=read-write",
    "25P03": (
        f"This process stood still for {STANDSTILL} s inside a transaction and was thrown out, so that others can "
        "write; nothing of it was written. See whether the machine lacks memory: free -m"
    ),
    # Prepared statements that are missing, or there already: another connection than the last time.
    "26000": _POOLER,
    "42P05": _POOLER,
    "42501": "Let one user be the owner of all that is Tocsin's: ALTER DATABASE name OWNER TO user",
    "42703": _UPGRADE,
    "42P01": _UPGRADE,
    "53100": "Nothing of this transaction was written. Free space on the server's disk: df -h",
    "53300": _CONNECTIONS,
}
#: Who was not let in is told no SQLSTATE, only a text. The first that fits counts; a server that speaks another
#: language than English gets the general answer.
_REFUSED = {
    "startup parameter": _POOLER,
    "too many": _CONNECTIONS,
    "connection slots": _CONNECTIONS,
    "password": _ADDRESS,
    "authentication": _ADDRESS,
    "pg_hba.conf": "Let this machine in there, or connect as it asks, for example with ?sslmode=require",
    "role": _ADDRESS,
    "database": _CREATE,
}


@contextmanager
def explained(url: str, patience: float) -> Iterator[None]:
    """Turn what PostgreSQL says into what happened and what to do.

    Args:
        url: How the store is named to people.
        patience: Seconds for which other writers were waited for.

    Raises:
        StoreLocked: Other writers did not let go in time.
        StoreError: The store cannot be used.
    """
    try:
        yield
    except DBAPIError as error:
        # Further lines repeat the statement, or ask whether the server is running.
        said = str(error.orig).strip().partition("\n")[0]
        state = getattr(error.orig, "sqlstate", None)
        if state == _LOCK_NOT_AVAILABLE:
            raise StoreLocked(
                f"the store {url} was locked by another process for {patience:g} s: {said}. See who is connected: "
                f"psql {url} -c 'TABLE pg_stat_activity'"
            ) from error
        if error.connection_invalidated:
            do = (
                "The connection was cut; the next transaction makes a new one. Of this one all was written or nothing: "
                "do it again"
            )
        elif state is None:
            do = _refused(said) or f"See whether the server is there: pg_isready -d {url}"
        else:
            do = "Nothing of this transaction was written. The log of the server says more"
        raise StoreError(f"the store {url} cannot be used: {said}. {_TO_DO.get(state or '', do)}") from error


def _refused(said: str) -> str | None:
    _, fatal, why = said.rpartition("FATAL:")
    return next((do for words, do in _REFUSED.items() if words in why), None) if fatal else None
