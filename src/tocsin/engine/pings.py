"""Pings become reports of runs: an end is that of the run that was begun last."""

from __future__ import annotations

from dataclasses import replace

from tocsin.core.event import Event
from tocsin.core.ping import follow_up, given_up, rid_of
from tocsin.core.run import Run
from tocsin.engine.engine import Engine
from tocsin.engine.events import take_runs
from tocsin.store.protocol import Transaction

#: Newest runs of a job among which the last one without an id of its own is looked for.
_NEWEST = 20


class Pings:
    """Finds the runs that pings are about, for the length of one transaction."""

    def __init__(self, engine: Engine, tx: Transaction) -> None:
        """Look for runs in `tx`; events that it has read and not taken in yet are remembered."""
        self._engine = engine
        self._tx = tx
        self._known: dict[tuple[str, str, str], Run | None] = {}

    def resolve(self, event: Event) -> Event | None:
        """Return what an event says of a run; None for a ping that says nothing new. Others stay as they are.

        Raises:
            StoreError: The store cannot be read or written.
        """
        pinged = event.run
        if pinged is None or not pinged.context.pinged:
            return event
        job = (pinged.environment, pinged.pipeline, rid_of(pinged))
        known = self._known[job] if job in self._known else self._read(pinged)
        if (dead := given_up(event.type, pinged, known)) is not None:
            take_runs(self._engine, self._tx, [dead])
        run = follow_up(event.type, pinged, known)
        self._known[job] = run or known
        return replace(event, run=run) if run is not None else None

    def _read(self, pinged: Run) -> Run | None:
        if rid_of(pinged):
            return self._tx.run(pinged.id)
        newest = self._tx.runs(pipeline=pinged.pipeline, environment=pinged.environment, limit=_NEWEST)
        return next((run for run in newest if run.context.pinged and not rid_of(run)), None)
