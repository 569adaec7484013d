"""What a server was given and has not looked at yet, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, select, update

from tocsin.core.inbox import Received
from tocsin.store.sql_rows import Rows
from tocsin.store.tables import TO_TAKE_IN, inbox

_MICROSECOND = timedelta(microseconds=1)
_WAITING = select(inbox).where(TO_TAKE_IN).order_by(inbox.c.number).limit(bindparam("limit"))
_REFUSED = select(inbox).where(~TO_TAKE_IN).order_by(inbox.c.number.desc()).limit(bindparam("limit"))
_DROP = delete(inbox).where(inbox.c.number.in_(bindparam("numbers", expanding=True)))
_REFUSE = update(inbox).where(inbox.c.number == bindparam("row")).values(refused=bindparam("why"))
_BACKLOG = select(func.count(), func.min(inbox.c.at)).where(TO_TAKE_IN)


class Inbox(Rows):
    """The part of a transaction that is about what was received."""

    def receive(self, received: Sequence[Received]) -> int:
        """Append events and return how many are new; served by `inbox.event_id`."""
        rows = [
            {
                "event_id": one.event_id,
                "text": one.text,
                "at": one.at,
                "clock_ahead": one.clock_ahead // _MICROSECOND,
            }
            for one in received
        ]
        return self._add(inbox, rows, unique=inbox.c.event_id) if rows else 0

    def received(self, limit: int) -> Sequence[Received]:
        """Return what waits, in the order in which it came; served by `inbox_waiting`."""
        return [
            Received(
                number=row.number,
                event_id=row.event_id,
                text=row.text,
                at=row.at,
                clock_ahead=row.clock_ahead * _MICROSECOND,
            )
            for row in self._connection.execute(_WAITING, {"limit": limit})
        ]

    def drop_received(self, numbers: Collection[int]) -> None:
        """Remove what was taken in; served by the primary key."""
        self._write(_DROP, {"numbers": list(numbers)})

    def refuse_received(self, number: int, why: str) -> None:
        """Keep an event that cannot be used, with the reason; served by the primary key."""
        self._write(_REFUSE, {"row": number, "why": why})

    def refused(self, *, limit: int) -> Sequence[tuple[str, str]]:
        """Return the ids of events that could not be used and why, the latest first."""
        return [(row.event_id, row.refused) for row in self._connection.execute(_REFUSED, {"limit": limit})]

    def backlog(self) -> tuple[int, datetime | None]:
        """Return how many events wait, and since when the oldest does; served by `inbox_waiting`."""
        waiting, oldest = self._connection.execute(_BACKLOG).one()
        return waiting, oldest
