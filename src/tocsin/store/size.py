"""How much room a database takes."""

from __future__ import annotations

from sqlalchemy import Connection, text

_SIZE = {
    "sqlite": text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"),
    "postgresql": text("SELECT pg_database_size(current_database())"),
}


def size_of(connection: Connection) -> int:
    """Return the bytes of the file, or of the whole database."""
    return int(connection.execute(_SIZE[connection.dialect.name]).scalar_one())
