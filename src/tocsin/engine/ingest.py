"""Events in: what a process reported becomes runs, findings, alerts and notifications, in one transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from tocsin.core.event import Event
from tocsin.core.run import Outcome, Run, merge
from tocsin.engine.engine import Engine
from tocsin.engine.events import take_events, take_runs
from tocsin.engine.lock import HomeLock
from tocsin.engine.markers import set_marker
from tocsin.errors import StoreError

#: Events that one transaction takes in at most, and seconds after which it begins with no more: one wait for the disk,
#: and other writers need not wait long.
_BATCH, _LONGEST = 50, 0.1
#: Seconds to wait for another process that empties the spool.
_PATIENCE, _BREATH = 5.0, 0.005
_log = logging.getLogger("tocsin")


def drain(engine: Engine) -> int:
    """Take in all that waits in the spool and return how many events that was.

    An event is removed from the spool after its transaction, so a crash in between takes it in twice, which
    changes nothing. One that cannot be taken in is set aside, so that it does not hold up those behind it.

    Raises:
        StoreError: The store cannot be written; what was not taken in stays in the spool.
    """
    taken = _drain_events(engine) if engine.spool.waiting() else 0
    for path, beat in engine.spool.heartbeats():
        if beat.run is not None and engine.concerns(beat.run):
            with _set_aside_if_broken(engine, path):
                _take_heartbeat(engine, beat.run)
    return taken


def _drain_events(engine: Engine) -> int:
    with _alone(engine):
        waiting = ((path, event) for path, event in engine.spool.read() if engine.concerns(event.run))
        taken = 0
        batch: list[tuple[Path, Event]] = []
        while batch := [*batch, *islice(waiting, _BATCH - len(batch))]:
            done, of_use = _take_in(engine, batch)
            batch = batch[done:]
            taken += of_use
    return taken


def ingest(engine: Engine, *events: Event) -> None:
    """Take events in, all in one transaction; the same event a second time changes nothing.

    Raises:
        StoreError: The store cannot be written.
    """
    with engine.store.writing() as tx:
        take_events(engine, tx, events)
    _set_markers(engine, events)


def _set_markers(engine: Engine, events: Sequence[Event]) -> None:
    for environment, pipeline in {(e.run.environment, e.run.pipeline): None for e in events if e.run is not None}:
        set_marker(engine, environment, pipeline)


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Wait for another process that empties the same spool, because doing its work once more would only cost time.

    Whoever waits finds its events taken in. Nothing depends on the lock: without it, both do the same.
    """
    lock = HomeLock(engine.config.home, "drain")
    until = time.monotonic() + _PATIENCE
    try:
        while not lock.take() and time.monotonic() < until:
            time.sleep(_BREATH)
    except StoreError as error:
        _log.debug("%s", error)
    try:
        yield
    finally:
        lock.release()


def _take_in(engine: Engine, batch: Sequence[tuple[Path, Event]]) -> tuple[int, int]:
    """Take in the beginning of a batch, and if one of its events is broken each by itself.

    Returns:
        How many events are done with, and how many of them were taken in.
    """
    try:
        with engine.store.writing() as tx:
            taken = take_events(engine, tx, (event for _, event in batch), within=_LONGEST)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  # found out below, where it is set aside
        _log.debug("a batch of %d events holds a broken one: %s", len(batch), error)
        return len(batch), sum(_take_in_one(engine, path, event) for path, event in batch)
    _set_markers(engine, [event for _, event in batch[:taken]])
    if engine.makeshift_for is None:
        for path, _ in batch[:taken]:
            engine.spool.done(path)
    return taken, taken


def _take_in_one(engine: Engine, path: Path, event: Event) -> bool:
    with _set_aside_if_broken(engine, path):
        ingest(engine, event)
        if engine.makeshift_for is None:
            engine.spool.done(path)
        return True
    return False


@contextmanager
def _set_aside_if_broken(engine: Engine, path: Path) -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever is wrong with one event must not hold up the others
        _log.debug("details", exc_info=True)
        engine.spool.reject(path, f"{type(error).__name__}: {error}")


def _take_heartbeat(engine: Engine, alive: Run) -> None:
    """Keep the newest snapshot of a run; where the report of its start was lost, this one tells the same."""
    with engine.store.reading() as tx:
        known = tx.run(alive.id)
    if known is None or known.outcome is Outcome.RUNNING:
        if merge(known, alive) != known:
            with engine.store.writing() as tx:
                take_runs(engine, tx, [alive])
    elif engine.makeshift_for is None:
        # It was written while the end was reported.
        engine.spool.still(alive.id)
