"""How long a table may go without new rows, and since when it has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """What is known of a table that has to get rows now and then."""

    pipeline: str
    environment: str
    table: str
    #: For how long it may go without.
    within: timedelta
    #: Since when anybody asks; counts as long as no rows have been seen.
    since: datetime
    #: When the run ended that brought rows last; None where none has.
    rows_at: datetime | None = None
    #: Runs that have gone well since and brought no rows for it.
    empty_runs: int = 0
    #: When time alone makes it stale; None once that was said.
    due_at: datetime | None = None

    @property
    def stale(self) -> bool:
        """Whether it was found stale, and has got nothing since."""
        return self.due_at is None

    def stale_by(self, now: datetime) -> bool:
        """Return whether time has made it stale."""
        return (self.rows_at or self.since) + self.within <= now

    def asked(self, within: timedelta) -> Freshness:
        """Return it with another time that is allowed; what was said is asked anew."""
        return replace(self, within=within, due_at=(self.rows_at or self.since) + within)

    def filled(self, at: datetime) -> Freshness:
        """Return it with rows that came at this moment; a report that comes late does not make it older."""
        if self.rows_at is not None and at <= self.rows_at:
            return self
        return replace(self, rows_at=at, empty_runs=0, due_at=at + self.within)

    def left_empty(self) -> Freshness:
        """Return it after a run that went well and brought nothing for it."""
        return replace(self, empty_runs=self.empty_runs + 1)

    def told(self) -> Freshness:
        """Return it as found stale."""
        return replace(self, due_at=None)
