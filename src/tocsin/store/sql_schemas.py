"""What the tables of pipelines looked like last, in SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from tocsin.core.schema import SchemaVersion
from tocsin.store.sql_rows import Rows, dump, load
from tocsin.store.tables import schemas as table

_SCHEMA = select(table.c.data).where(
    table.c.pipeline == bindparam("pipeline"),
    table.c.environment == bindparam("environment"),
    table.c.name == bindparam("name"),
)
_SCHEMAS = (
    select(table.c.data)
    .where(table.c.pipeline == bindparam("pipeline"), table.c.environment == bindparam("environment"))
    .order_by(table.c.name)
)


class Schemas(Rows):
    """The part of a transaction that is about schemas."""

    def schema(self, pipeline: str, environment: str, name: str) -> SchemaVersion | None:
        """Return the newest known version of a schema of a pipeline; served by the primary key."""
        text = self._connection.scalar(_SCHEMA, {"pipeline": pipeline, "environment": environment, "name": name})
        return load(SchemaVersion, text) if text is not None else None

    def schemas_of(self, pipeline: str, environment: str) -> Sequence[SchemaVersion]:
        """Return the newest known version of each schema of a pipeline, by name; served by the primary key."""
        found = self._connection.scalars(_SCHEMAS, {"pipeline": pipeline, "environment": environment})
        return [load(SchemaVersion, text) for text in found]

    def save_schema(self, pipeline: str, environment: str, schema: SchemaVersion) -> None:
        """Insert or replace the version of a schema that is known; served by the primary key."""
        row = {"pipeline": pipeline, "environment": environment, "name": schema.name, "data": dump(schema)}
        self._replace(table, row)
