"""Procrastinate's tables, beside ours in the same database.

Procrastinate does not know which of its migrations a database has seen. That stands in a comment on one of its tables.
"""

from __future__ import annotations

from pathlib import Path

from procrastinate import App
from procrastinate.schema import SchemaManager

from tocsin.errors import StoreError
from tocsin.store.postgres_engine import engine_for, parse, shown
from tocsin.store.postgres_errors import explained

#: Seconds to wait for others who do the same.
_PATIENCE = 60.0
#: One at a time creates or changes the tables of a database.
_LOCK = int.from_bytes(b"tocsinpr", "big")
_FOUND = """
    SELECT jobs IS NOT NULL AS exist, obj_description(jobs, 'pg_class') AS version
    FROM (SELECT to_regclass('procrastinate_jobs')) AS found (jobs)
"""


def apply(url: str) -> bool:
    """Create the tables of the job queue, or bring them to the installed version; False if they have it.

    Args:
        url: The address of the store, with its credentials.

    Raises:
        StoreError: The database cannot be changed, or holds the job queue of another program.
    """
    address = parse(url)
    engine = engine_for(address, _PATIENCE)
    try:
        with explained(shown(address), _PATIENCE), engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            exist, version = connection.exec_driver_sql(_FOUND).one()
            scripts = _missing(version, shown(address)) if exist else [SchemaManager.get_schema()]
            for script in scripts:
                # For psycopg a % begins a parameter.
                connection.exec_driver_sql(script.replace("%", "%%"))
            connection.exec_driver_sql(f"COMMENT ON TABLE procrastinate_jobs IS '{_newest()}'")
        return bool(scripts)
    finally:
        engine.dispose()


async def check(app: App, url: str) -> None:
    """See whether the tables are those that the installed Procrastinate works with.

    Args:
        app: Procrastinate, connected.
        url: How the store is named to people.

    Raises:
        StoreError: They are missing, older or newer.
        procrastinate.exceptions.ConnectorException: The database cannot be read.
    """
    found = await app.connector.execute_query_one_async(_FOUND)
    version = found["version"]
    if version is None or version < _newest():
        has = "are older than this Procrastinate" if found["exist"] else "are missing"
        raise StoreError(f"the tables of the job queue in {url} {has}. Type: tocsin db upgrade")
    if version > _newest():
        raise StoreError(
            f"the tables of the job queue in {url} are newer than this Procrastinate: they have seen {version}, and it "
            f"knows {_newest()}. Type: pip install --upgrade procrastinate"
        )


def _missing(version: str | None, url: str) -> list[str]:
    if version is None:
        raise StoreError(
            f"{url} has the tables of Procrastinate, and another program made them. Give Tocsin a database of its own: "
            "createdb tocsin"
        )
    return [file.read_text(encoding="utf-8") for file in _migrations() if file.stem > version]


def _newest() -> str:
    return _migrations()[-1].stem


def _migrations() -> list[Path]:
    """Return the files of the migrations; their names begin with the version that brought them, "03.04.00_01_…"."""
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
