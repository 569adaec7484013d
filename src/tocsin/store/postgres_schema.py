"""The tables in PostgreSQL."""

from __future__ import annotations

from sqlalchemy import Connection, insert

from tocsin.store.tables import SCHEMA_VERSION, meta, metadata

for _table in metadata.tables.values():
    for _index in _table.indexes:
        # The conditions of partial indexes stand in `tables` once, for all databases.
        _index.dialect_options["postgresql"]["where"] = _index.dialect_options["sqlite"]["where"]


def create_tables(connection: Connection) -> None:
    """Create all tables of this version in an empty database."""
    metadata.create_all(connection, checkfirst=False)
    connection.execute(insert(meta).values(name="schema_version", value=str(SCHEMA_VERSION)))
