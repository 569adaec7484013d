"""What the engine keeps of its own, in SQL."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.engine import Connection

from tocsin.store.sql_rows import Rows
from tocsin.store.tables import meta

_NOTES = select(meta.c.name, meta.c.value)


class Notes(Rows):
    """The part of a transaction that is about short texts under names."""

    def __init__(self, connection: Connection, *, writable: bool) -> None:
        """Work on `connection`, and read nothing yet."""
        super().__init__(connection, writable=writable)
        self._notes: dict[str, str] | None = None

    def remember(self, name: str, value: str) -> None:
        """Keep a short text of the engine's own under a name; served by the primary key."""
        self._replace(meta, {"name": name, "value": value})
        if self._notes is not None:
            self._notes[name] = value

    def recall(self, name: str) -> str | None:
        """Return what was kept under a name.

        There are some ten, which are read together and once a transaction: nobody else writes meanwhile.
        """
        if self._notes is None:
            self._notes = {row.name: row.value for row in self._connection.execute(_NOTES)}
        return self._notes.get(name)
