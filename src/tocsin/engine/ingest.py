"""Events in: what a process reported becomes runs, findings, alerts and notifications, in one transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from tocsin.core.event import Event, EventType
from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.run import Outcome, Run, Stage, merge
from tocsin.core.severity import Severity
from tocsin.engine.checks import take_checks
from tocsin.engine.engine import Engine
from tocsin.engine.evaluate import advance_alert, evaluate_end
from tocsin.engine.expected import settle_run
from tocsin.engine.follow import follow
from tocsin.engine.freshness import settle_freshness
from tocsin.engine.lock import HomeLock
from tocsin.engine.markers import set_marker
from tocsin.engine.notes import notify_note
from tocsin.engine.schemas import take_schemas
from tocsin.errors import StoreError
from tocsin.store.protocol import Transaction

#: Events that one transaction takes in: one wait for the disk, and other writers need not wait long.
_BATCH = 50
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
    with _alone(engine):
        waiting = ((path, event) for path, event in engine.spool.read() if engine.concerns(event.run))
        taken = 0
        while batch := list(islice(waiting, _BATCH)):
            taken += _take_in(engine, batch)
    for path, beat in engine.spool.heartbeats():
        if beat.run is not None and engine.concerns(beat.run):
            with _set_aside_if_broken(engine, path):
                _take_heartbeat(engine, beat.run)
    return taken


def ingest(engine: Engine, *events: Event) -> None:
    """Take events in, all in one transaction; the same event a second time changes nothing.

    Raises:
        StoreError: The store cannot be written.
    """
    with engine.store.writing() as tx:
        for event in events:
            take_event(engine, tx, event)
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


def _take_in(engine: Engine, batch: list[tuple[Path, Event]]) -> int:
    """Take in a batch, and if one of its events is broken each by itself; return how many were taken in."""
    try:
        ingest(engine, *(event for _, event in batch))
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  # found out below, where it is set aside
        _log.debug("a batch of %d events holds a broken one: %s", len(batch), error)
        return sum(_take_in_one(engine, path, event) for path, event in batch)
    if engine.makeshift_for is None:
        for path, _ in batch:
            engine.spool.done(path)
    return len(batch)


def _take_in_one(engine: Engine, path: Path, event: Event) -> bool:
    with _set_aside_if_broken(engine, path):
        ingest(engine, event)
        if engine.makeshift_for is None:
            engine.spool.done(path)
        return True
    return False


def take_event(engine: Engine, tx: Transaction, event: Event) -> None:
    """Take one event in, in a transaction that somebody else begins and ends."""
    # All signs of life of a run bear the same id, and the order in which they are taken in does not matter.
    if event.type is not EventType.PROGRESS and not tx.remember_event(event.id, engine.clock()):
        return
    if event.note is not None:
        notify_note(engine, tx, event.id, event.note, event.at)
    elif event.type is EventType.CHECK_FINISHED:
        take_checks(engine, tx, event.checks, event.run)
    elif event.run is not None and event.type is EventType.PROCESS_ENDED:
        advance_alert(engine, tx, _clean_end(event, event.run), event.run)
    elif event.run is not None:
        _take_run(engine, tx, event.run)


@contextmanager
def _set_aside_if_broken(engine: Engine, path: Path) -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever is wrong with one event must not hold up the others
        _log.debug("details", exc_info=True)
        engine.spool.reject(path, f"{type(error).__name__}: {error}")


def _take_run(engine: Engine, tx: Transaction, reported: Run) -> None:
    known = tx.run(reported.id)
    run = take_schemas(tx, merge(known, reported))
    if run == known:
        return
    tx.save_run(run)
    if known is None or known.outcome is not run.outcome:
        settle_run(engine, tx, run)
        follow(engine, tx, run)
    if run.outcome is not Outcome.RUNNING:
        evaluate_end(engine, tx, run)
        settle_freshness(engine, tx, run)


def _take_heartbeat(engine: Engine, alive: Run) -> None:
    """Keep the newest snapshot of a run; where the report of its start was lost, this one tells the same."""
    with engine.store.reading() as tx:
        known = tx.run(alive.id)
    if known is None or known.outcome is Outcome.RUNNING:
        if merge(known, alive) != known:
            with engine.store.writing() as tx:
                _take_run(engine, tx, alive)
    elif engine.makeshift_for is None:
        # It was written while the end was reported.
        engine.spool.still(alive.id)


def _clean_end(event: Event, run: Run) -> Finding:
    return Finding(
        kind=Kind.RECOVERED,
        topic=Topic.DELIVERY,
        subject=run.pipeline,
        environment=run.environment,
        severity=Severity.INFO,
        # The end of a process says nothing of what has failed elsewhere since its run.
        at=run.ended_at or event.at,
        summary="the script came to its end without an error",
        stage=Stage.AFTER,
        run_id=run.id,
        logical_id=run.logical_id,
    )
