"""What PostgreSQL says, as what happened and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from tocsin.errors import StoreError, StoreLocked
from tocsin.store.postgres_engine import STANDSTILL

#: Before somebody is let in there is no SQLSTATE, only a text, and servers that speak another language than English
#: are told apart from none. The first that fits counts.
_REFUSALS = {
    "password": "28P01",
    "authentication": "28P01",
    "no pg_hba.conf entry": "28000",
    "role": "28000",
    "database": "3D000",
    "connection slots": "53300",
    "too many": "53300",
}


@contextmanager
def explained(url: str, patience: float) -> Iterator[None]:
    """Turn what PostgreSQL says into what happened and what to do.

    Args:
        url: How the store is named to people.
        patience: Seconds that other writers were waited for.

    Raises:
        StoreLocked: Other writers did not let go in time.
        StoreError: The store cannot be used.
    """
    try:
        yield
    except DBAPIError as error:
        raise _explain(error, url, patience) from error


def _explain(error: DBAPIError, url: str, patience: float) -> StoreError:
    said = " ".join(str(error.orig).split())
    match _state(error, said):
        case "55P03":
            return StoreLocked(
                f"the store {url} was locked by another process for {patience:g} s: {said}. See who is connected: "
                f"psql {url} -c \"SELECT * FROM pg_stat_activity WHERE application_name = 'tocsin'\""
            )
        case "25P03":
            do = (
                f"This process stood still inside a transaction for more than {STANDSTILL} s, and was thrown out so "
                "that others can write; nothing of it was written. See whether the machine lacks memory: free -m"
            )
        case "28P01" | "28000":
            do = "Put user and password into TOCSIN__STORE=postgresql://user:password@host/database"
        case "3D000":
            do = f"Create it: createdb --encoding=UTF8 --template=template0 {url.rpartition('/')[2]}"
        case "42501":
            do = "Let the user of the store do that, as the owner of the database: GRANT ALL ON SCHEMA public TO …"
        case "42P01" | "42703":
            do = "Its tables are not those of this version. Type: tocsin db upgrade"
        case "53100":
            do = "Nothing of this transaction was written. Free space on the server"
        case "53300":
            do = "Give up connections of other programs, or raise max_connections in postgresql.conf"
        case "25006":
            do = "It is a standby, or only to be read. Name the primary: ?target_session_attrs=read-write"
        case None:
            do = f"See whether it is there: pg_isready -d {url}"
        case _:
            do = "Nothing of this transaction was written. The server's log says more"
    return StoreError(f"the store {url} cannot be used: {said}. {do}")


def _state(error: DBAPIError, said: str) -> str | None:
    """Return the SQLSTATE, None where no connection came about or one was lost."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None and "FATAL" in said:
        refusal = said.rpartition("FATAL:")[2]
        return next((state for words, state in _REFUSALS.items() if words in refusal), None)
    return state
