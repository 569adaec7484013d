"""From any older version of the tables to that of today, one version after the other.

The version stands in `meta` and nowhere else. Alembic would keep a table of its own for it, which files of version 1 do
not have, and which programs of version 1, who must refuse newer tables, do not read.
"""

from __future__ import annotations

from importlib import import_module

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text

_SAY_VERSION = text("UPDATE meta SET value = :version WHERE name = 'schema_version'")


def upgrade(connection: Connection, *, found: int, wanted: int) -> None:
    """Bring tables forward from one version to another, in the transaction of the connection."""
    operations = Operations(MigrationContext.configure(connection))
    for version in range(found + 1, wanted + 1):
        import_module(f"tocsin.store.migrations.version_{version}").upgrade(operations)
    connection.execute(_SAY_VERSION, {"version": str(wanted)})
