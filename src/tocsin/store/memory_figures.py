"""Figures of what is stored in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from tocsin.core.figures import Waiting
from tocsin.core.outbox import Delivery, Status
from tocsin.core.run import Outcome
from tocsin.store.memory_state import Part


class Figures(Part):
    """The part of a transaction that counts."""

    def size(self) -> None:
        """Return that nothing lies on the disk."""

    def waiting(self) -> Mapping[str, Waiting]:
        """Return what waits to be sent, by channel."""
        found: dict[str, list[datetime]] = {}
        for one in self._read.notifications.values():
            if one.status is Status.WAITING:
                found.setdefault(one.channel, []).append(one.created_at)
        return {channel: Waiting(count=len(moments), since=min(moments)) for channel, moments in found.items()}

    def last_delivery(self) -> int:
        """Return the number of the delivery that was added last."""
        return len(self._read.deliveries)

    def deliveries_after(self, number: int, *, limit: int) -> Sequence[tuple[int, Delivery]]:
        """Return the deliveries that were added after the one with this number, with theirs, in their order."""
        return list(enumerate(self._read.deliveries[number : number + limit], start=number + 1))

    def count_outcomes(self, *, since: datetime) -> Mapping[Outcome, int]:
        """Return how many runs have begun at `since` or later, by how they ended."""
        return Counter(run.outcome for run in self._read.runs.values() if run.started_at >= since)
