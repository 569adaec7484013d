"""Figures of what is stored, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select

from tocsin.core.figures import Waiting
from tocsin.core.outbox import Delivery
from tocsin.core.run import Outcome
from tocsin.store.size import size_of
from tocsin.store.sql_rows import Rows, load
from tocsin.store.tables import WAITING, deliveries, notifications, runs

_WAITING = (
    select(notifications.c.channel, func.count(), func.min(notifications.c.created_at))
    .where(WAITING)
    .group_by(notifications.c.channel)
)
_LAST = select(func.max(deliveries.c.id))
_AFTER = (
    select(deliveries.c.id, deliveries.c.data)
    .where(deliveries.c.id > bindparam("number"))
    .order_by(deliveries.c.id)
    .limit(bindparam("limit"))
)
_OUTCOMES = select(runs.c.outcome, func.count()).where(runs.c.started_at >= bindparam("since")).group_by(runs.c.outcome)


class Figures(Rows):
    """The part of a transaction that counts."""

    def size(self) -> int | None:
        """Return the bytes of the file, or of the whole database; no table is read for it."""
        return size_of(self._connection)

    def waiting(self) -> Mapping[str, Waiting]:
        """Return what waits to be sent, by channel; served by `notifications_waiting`."""
        rows = self._connection.execute(_WAITING)
        return {channel: Waiting(count=count, since=since) for channel, count, since in rows}

    def last_delivery(self) -> int:
        """Return the number of the last delivery; served by the primary key."""
        return self._connection.scalar(_LAST) or 0

    def deliveries_after(self, number: int, *, limit: int) -> Sequence[tuple[int, Delivery]]:
        """Return the deliveries after this one; served by the primary key."""
        rows = self._connection.execute(_AFTER, {"number": number, "limit": limit})
        return [(found, load(Delivery, text)) for found, text in rows]

    def count_outcomes(self, *, since: datetime) -> Mapping[Outcome, int]:
        """Return how many runs have begun lately, by how they ended; served by `runs_by_start`."""
        rows = self._connection.execute(_OUTCOMES, {"since": since})
        return {Outcome(outcome): count for outcome, count in rows}
