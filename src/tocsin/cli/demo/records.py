"""What Tocsin has on record about the pipelines of the demo, read from its store as anybody may."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tocsin.capture.spool import Spool
from tocsin.config.load import load
from tocsin.core.outbox import Status
from tocsin.core.run import Outcome, Run, Stage
from tocsin.core.slot import Slot
from tocsin.store.open import open_store

#: Nothing in the demo is configured to have another one.
_ENVIRONMENT = "default"


class Records:
    """The spool and the store of a project."""

    def __init__(self, home: Path) -> None:
        """Read what is in Tocsin's directory."""
        self._spool = Spool(home)
        self._store = open_store(load((), home=home).store)

    def close(self) -> None:
        """Let go of the store."""
        self._store.close()

    def extracts(self, pipeline: str) -> bool:
        """Return whether a heartbeat has told that a run is in extract."""
        beats = (event.run for _, event in self._spool.heartbeats())
        return any(run is not None and (run.pipeline, run.stage) == (pipeline, Stage.EXTRACT) for run in beats)

    def latest(self, pipeline: str) -> Run | None:
        """Return the newest run."""
        with self._store.reading() as tx:
            return next(iter(tx.runs(pipeline=pipeline, limit=1)), None)

    def ended(self, pipeline: str) -> list[Run]:
        """Return the runs that have ended, newest first."""
        with self._store.reading() as tx:
            return [run for run in tx.runs(pipeline=pipeline) if run.outcome is not Outcome.RUNNING]

    def all_sent(self, pipeline: str) -> bool:
        """Return whether no message about the pipeline waits to be sent."""
        with self._store.reading() as tx:
            alerts = tx.alerts(subject=pipeline)
            return not any(tx.notifications(alert_id=alert.id, status=Status.WAITING) for alert in alerts)

    def next_due(self, pipeline: str) -> datetime | None:
        """Return when the pipeline should start next; None where nothing is expected of it, or not yet."""
        with self._store.reading() as tx:
            expectation = tx.expectation(pipeline, _ENVIRONMENT)
        return expectation.next_slot_at if expectation is not None else None

    def first_slot(self, pipeline: str) -> Slot | None:
        """Return the first time at which the pipeline was due."""
        with self._store.reading() as tx:
            return next(reversed(tx.slots(pipeline, _ENVIRONMENT)), None)

    def judged(self, pipeline: str) -> bool:
        """Return whether the grace of the first slot has passed, and its case has been decided."""
        now, slot = datetime.now(UTC), self.first_slot(pipeline)
        if slot is None or now <= slot.start_by:
            return False
        with self._store.reading() as tx:
            return slot.id not in {due.id for due in tx.due_slots(now, limit=100)}

    def is_settled(self) -> bool:
        """Return whether all is told and nobody else has the store open: the last one to close it removes its log."""
        if self._spool.waiting() or any(self._spool.heartbeats()):
            return False
        with self._store.reading():
            # Connections are opened when they are used.
            pass
        self._store.close()
        return not Path(f"{self._store.url.removeprefix('sqlite:///')}-wal").exists()
