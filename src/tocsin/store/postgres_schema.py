"""The tables in PostgreSQL: made, and brought forward, when somebody asks for it."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, text

from tocsin.store.schema_version import foreign, newer
from tocsin.store.tables import SCHEMA_VERSION, meta, metadata

for _table in metadata.tables.values():
    for _index in _table.indexes:
        # The conditions of partial indexes stand in `tables` once, for all databases.
        _index.dialect_options["postgresql"]["where"] = _index.dialect_options["sqlite"]["where"]

_TABLES = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
_VERSION = select(meta.c.value).where(meta.c.name == "schema_version")
_ANOTHER_PLACE = "Give Tocsin a database of its own: createdb --encoding=UTF8 --template=template0 NAME"


def installed_version(connection: Connection, url: str) -> int | None:
    """Return the version of the tables in a database, None where there are none.

    Tables of others may be there too, as long as no name is taken that Tocsin needs.

    Raises:
        StoreError: Such a name is taken, or the tables are those of a newer Tocsin.
    """
    tables = metadata.tables.keys() & set(connection.scalars(_TABLES))
    if not tables:
        return None
    version = connection.scalar(_VERSION) if meta.name in tables else None
    if version is None:
        raise foreign(url, tables, _ANOTHER_PLACE)
    if int(version) > SCHEMA_VERSION:
        raise newer(url, int(version))
    return int(version)


def create_tables(connection: Connection) -> None:
    """Create all tables of this version in an empty database."""
    metadata.create_all(connection, checkfirst=False)
    connection.execute(insert(meta).values(name="schema_version", value=str(SCHEMA_VERSION)))


def bring_up_to_date(connection: Connection, url: str) -> None:
    """Let a database have the tables of today, in a transaction that excludes other writers.

    Raises:
        StoreError: The tables are those of another program, or of a newer Tocsin.
    """
    found = installed_version(connection, url)
    if found is None:
        create_tables(connection)
    elif found < SCHEMA_VERSION:
        from tocsin.store.migrations.steps import upgrade

        upgrade(connection, found=found, wanted=SCHEMA_VERSION)
