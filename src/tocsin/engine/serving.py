"""Whether servers were there to hear runs: silence counts while somebody listens.

A run that reports to a server is taken for dead when nothing was heard of it for too long. While no server runs,
nothing is heard of any; and when one is back, all need the time to say that they go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.core.run import Run
from tocsin.engine.engine import Engine
from tocsin.store.protocol import Transaction

#: How often a server notes that it listens.
NOTED_EVERY = timedelta(seconds=5)
#: Without a note for so long, no server was there: one that is busy, or waits for the database, misses a few.
_GAP = timedelta(seconds=30)
#: Without one for so long, none will come back: somebody has changed to another way to watch.
_FOR_GOOD = timedelta(hours=1)
_SINCE, _UNTIL = "serving since", "serving until"


@dataclass(frozen=True, kw_only=True)
class Served:
    """The last time in which servers listened without a gap."""

    since: datetime
    until: datetime

    def silence(self, heard_at: datetime, now: datetime) -> timedelta:
        """Return for how long nothing was heard of a run although somebody listened."""
        away = now - self.until
        if away >= _FOR_GOOD:
            return now - heard_at
        return (self.until if away > _GAP else now) - max(heard_at, self.since)


def silence(run: Run, listened: Served | None, now: datetime) -> timedelta:
    """Return for how long nothing was heard of a run although somebody listened; without servers that is always so."""
    return listened.silence(run.heard_at, now) if listened is not None else now - run.heard_at


def note_serving(engine: Engine) -> None:
    """Note that a server listens; each does it every `NOTED_EVERY`.

    Raises:
        StoreError: The store cannot be written.
    """
    now = engine.clock()
    with engine.store.writing() as tx:
        known = served(tx)
        if known is None or now - known.until > _GAP:
            tx.remember(_SINCE, now.isoformat())
        tx.remember(_UNTIL, now.isoformat())


def served(tx: Transaction) -> Served | None:
    """Return when servers listened last; None where there never was one."""
    since, until = tx.recall(_SINCE), tx.recall(_UNTIL)
    if since is None or until is None:
        return None
    return Served(since=datetime.fromisoformat(since), until=datetime.fromisoformat(until))
