"""What is old is deleted, once a day and little by little: whoever brings something new goes first."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from tocsin.core.retention import Kept
from tocsin.core.words import count
from tocsin.engine.days import make_days
from tocsin.engine.engine import Engine

#: Rows that one transaction looks at: some milliseconds, for which others wait.
_BATCH = 1_000
#: Seconds between two batches, at least; after one that took longer, as long as it took.
_BREATH = 0.01
#: Under this name the store keeps when this was begun last.
_BEGUN = "pruned"
_EVERY = timedelta(days=1)
#: Seconds between two looks whether it is time.
_LOOK_EVERY = 300.0
_log = logging.getLogger("tocsin")


def prune(engine: Engine) -> Mapping[Kept, int]:
    """Make the days of the runs, and delete what is older than the settings say; return how many of each.

    Being killed in between does no harm, and neither does another process that does the same: what is left goes the
    next time.

    Raises:
        StoreError: The store cannot be read or written.
    """
    made_until = make_days(engine)
    done: dict[Kept, int] = {}
    for kept in Kept:
        if engine.stopping.is_set():
            break
        if deleted := _prune(engine, kept, _before(engine, kept, made_until)):
            done[kept] = deleted
    if not engine.stopping.is_set():
        with engine.store.writing() as tx:
            tx.drop_sessions_over(engine.clock())
    return done


def count_old(engine: Engine) -> Mapping[Kept, int]:
    """Return how many of each are older than the settings say, and not needed any more.

    Raises:
        StoreError: The store cannot be read.
    """
    with engine.store.reading() as tx:
        found = {kept: tx.count_old(kept, before=_before(engine, kept)) for kept in Kept}
    return {kept: number for kept, number in found.items() if number}


def prune_daily(engine: Engine) -> Mapping[Kept, int] | None:
    """Do as `prune` if nobody has begun that within a day; None otherwise.

    Raises:
        StoreError: The store cannot be read or written.
    """
    now = engine.clock()
    with engine.store.reading() as tx:
        due = _is_due(tx.recall(_BEGUN), now)
    if due:
        with engine.store.writing() as tx:
            # Another process may have been first.
            if due := _is_due(tx.recall(_BEGUN), now):
                tx.remember(_BEGUN, now.isoformat())
    return prune(engine) if due else None


def describe(deleted: Mapping[Kept, int]) -> str:
    """Return "1,204 runs, 7 alerts", for people."""
    return ", ".join(count(number, kept.value.removesuffix("s")) for kept, number in deleted.items())


class Pruning:
    """A thread that deletes what is old, beside an engine that goes on meanwhile."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine; nothing is done before `start`."""
        self._engine = engine
        self._thread = threading.Thread(target=self._work, name="tocsin-prune", daemon=True)

    def start(self) -> None:
        """Begin to look whether it is time, now and then until the engine is told to stop."""
        self._thread.start()

    def join(self, within: float) -> bool:
        """Wait at most so many seconds for the end; False if that was too short."""
        self._thread.join(within)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while not self._engine.stopping.is_set():
            try:
                if words := describe(prune_daily(self._engine) or {}):
                    _log.info("%s deleted", words)
            except Exception as error:  # noqa: BLE001  # it is tried again, and nobody depends on it
                _log.warning("what is old could not be deleted: %s; it is tried again", error)
                _log.debug("details", exc_info=True)
            self._engine.stopping.wait(_LOOK_EVERY)


def _prune(engine: Engine, kept: Kept, before: datetime) -> int:
    deleted, since = 0, None
    while not engine.stopping.is_set():
        began = time.monotonic()
        with engine.store.writing() as tx:
            batch = tx.prune(kept, before=before, since=since, limit=_BATCH)
        deleted, since = deleted + batch.count, batch.reached
        if since is None:
            break
        engine.stopping.wait(max(time.monotonic() - began, _BREATH))
    return deleted


def _before(engine: Engine, kept: Kept, made_until: datetime | None = None) -> datetime:
    before = engine.clock() - engine.config.retention.of(kept)
    # A run goes only when its day is made.
    return min(before, made_until) if made_until is not None and kept is Kept.RUNS else before


def _is_due(begun: str | None, now: datetime) -> bool:
    """Whether a day has gone by; a clock that was wrong puts nothing off."""
    return begun is None or not timedelta(0) <= now - datetime.fromisoformat(begun) < _EVERY
