"""What a server was given and has not looked at yet, in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from tocsin.core.inbox import Received
from tocsin.store.memory_state import Part


class Inbox(Part):
    """The part of a transaction that is about what was received."""

    def receive(self, received: Sequence[Received]) -> int:
        """Append events and return how many are new."""
        known = {one.event_id for one in self._read.inbox.values()}
        new = {one.event_id: one for one in reversed(received) if one.event_id not in known}
        following = max(self._read.inbox, default=0) + 1
        for number, one in enumerate(reversed(new.values()), start=following):
            self._write.inbox[number] = replace(one, number=number)
        return len(new)

    def received(self, limit: int) -> Sequence[Received]:
        """Return what waits, in the order in which it came."""
        return self._waiting()[:limit]

    def drop_received(self, numbers: Collection[int]) -> None:
        """Remove what was taken in."""
        for number in numbers:
            self._write.inbox.pop(number, None)

    def refuse_received(self, number: int, why: str) -> None:
        """Keep an event that cannot be used, with the reason."""
        self._write.refused[number] = why

    def refused(self, *, limit: int) -> Sequence[tuple[str, str]]:
        """Return the ids of events that could not be used and why, the latest first."""
        latest = sorted(self._read.refused.items(), reverse=True)[:limit]
        return [(self._read.inbox[number].event_id, why) for number, why in latest]

    def backlog(self) -> tuple[int, datetime | None]:
        """Return how many events wait, and since when the oldest does."""
        waiting = self._waiting()
        return len(waiting), min((one.at for one in waiting), default=None)

    def _waiting(self) -> list[Received]:
        return [one for number, one in sorted(self._read.inbox.items()) if number not in self._read.refused]
