"""What is asked of a store for the metrics of a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from tocsin.core.figures import Waiting
from tocsin.core.outbox import Delivery
from tocsin.core.run import Outcome


class FiguresTransaction(Protocol):
    """The part of a transaction that counts."""

    def size(self) -> int | None:
        """Return the bytes that the store takes on the disk; None where it takes none."""

    def waiting(self) -> Mapping[str, Waiting]:
        """Return what waits to be sent, by channel; channels that nothing waits for are missing."""

    def last_delivery(self) -> int:
        """Return the number of the delivery that was added last; 0 where there is none."""

    def deliveries_after(self, number: int, *, limit: int) -> Sequence[tuple[int, Delivery]]:
        """Return the deliveries that were added after the one with this number, with theirs, in their order."""

    def count_outcomes(self, *, since: datetime) -> Mapping[Outcome, int]:
        """Return how many runs have begun at `since` or later, by how they ended."""
