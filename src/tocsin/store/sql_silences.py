"""Silences in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select

from tocsin.core.position import Position
from tocsin.core.silence import Silence
from tocsin.store.protocol import FOUND
from tocsin.store.sql_rows import Rows, after_position, begins_with, dump, in_bounds, left_at, load
from tocsin.store.tables import TO_CLOSE, silences

_SILENCES = select(silences.c.data).order_by(silences.c.over_at.desc(), silences.c.id.desc())
_NOT_OVER = _SILENCES.where(silences.c.over_at > bindparam("now"))
_LAST = _SILENCES.limit(bindparam("limit"))
_NEXT = _LAST.where(after_position(silences.c.over_at, silences.c.id))
_FIND = _SILENCES.where(*in_bounds(silences.c.id)).limit(FOUND)
_TO_CLOSE = (
    select(silences.c.data)
    .where(TO_CLOSE, silences.c.over_at <= bindparam("now"))
    .order_by(silences.c.over_at, silences.c.id)
)


class Silences(Rows):
    """The part of a transaction that is about silences."""

    def save_silence(self, silence: Silence) -> None:
        """Insert or replace a silence; served by the primary key."""
        closed = silence.closed_at is not None
        row = {"id": silence.id, "over_at": silence.over_at, "closed": closed, "data": dump(silence)}
        self._replace(silences, row)

    def silences(self, now: datetime) -> Sequence[Silence]:
        """Return the silences that are not over, those that end last first; served by `silences_by_end`."""
        return [load(Silence, text) for text in self._connection.scalars(_NOT_OVER, {"now": now})]

    def all_silences(self, *, after: Position | None = None, limit: int) -> Sequence[Silence]:
        """Return silences, those that end last first; served by `silences_by_end`."""
        query = _LAST if after is None else _NEXT
        return [load(Silence, text) for text in self._connection.scalars(query, {**left_at(after), "limit": limit})]

    def find_silences(self, prefix: str) -> Sequence[Silence]:
        """Return the silences whose id begins with `prefix`, those that end last first; served by the primary key."""
        return [load(Silence, text) for text in self._connection.scalars(_FIND, begins_with(prefix))]

    def silences_to_close(self, now: datetime) -> Sequence[Silence]:
        """Return the silences whose end has come but was not noticed; served by `silences_to_close`."""
        return [load(Silence, text) for text in self._connection.scalars(_TO_CLOSE, {"now": now})]
