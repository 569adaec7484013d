"""Whether there is anything to do, in SQL: one statement, as a tick asks every few seconds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, exists, select

from tocsin.core.due import Due
from tocsin.store.sql_rows import Rows
from tocsin.store.tables import (
    TO_CLOSE,
    TO_LOOK_AT,
    TO_STALE,
    TO_TAKE_IN,
    Moment,
    alerts,
    freshness,
    inbox,
    silences,
)

_NOW = bindparam("now", type_=Moment())
_DUE = select(
    exists().where(TO_TAKE_IN).select_from(inbox).label("events"),
    exists().where(TO_STALE, freshness.c.due_at <= _NOW).label("tables"),
    exists().where(TO_CLOSE, silences.c.over_at <= _NOW).label("silences"),
    exists().where(TO_LOOK_AT, alerts.c.look_at <= _NOW).label("alerts"),
)


class Dues(Rows):
    """The part of a transaction that looks whether there is anything to do."""

    def due(self, now: datetime) -> Due:
        """Return what there is to do; served by `inbox_waiting` and the indexes of what is due, each alone."""
        found = self._connection.execute(_DUE, {"now": now}).mappings().one()
        return Due(**{kind: bool(there_is) for kind, there_is in found.items()})
