"""Events in: what a process reported becomes runs, findings, alerts and notifications, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tocsin.core.event import Event, EventType
from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.run import Outcome, Run, Stage, merge
from tocsin.core.severity import Severity
from tocsin.engine.engine import Engine
from tocsin.engine.evaluate import advance_alert, evaluate_end
from tocsin.engine.expected import settle_run
from tocsin.engine.markers import set_marker
from tocsin.engine.notify import notify_note
from tocsin.errors import StoreError
from tocsin.store.protocol import Transaction

_log = logging.getLogger("tocsin")


def drain(engine: Engine) -> int:
    """Take in all that waits in the spool and return how many events that was.

    An event is removed from the spool after its transaction, so a crash in between takes it in twice, which
    changes nothing. One that cannot be taken in is set aside, so that it does not hold up those behind it.

    Raises:
        StoreError: The store cannot be written; what was not taken in stays in the spool.
    """
    taken = 0
    for path, event in engine.spool.read():
        if not engine.concerns(event.run):
            continue
        with _set_aside_if_broken(engine, path):
            ingest(engine, event)
            if engine.makeshift_for is None:
                engine.spool.done(path)
            taken += 1
    for path, beat in engine.spool.heartbeats():
        if beat.run is not None and engine.concerns(beat.run):
            with _set_aside_if_broken(engine, path):
                _take_heartbeat(engine, beat.run)
    return taken


def ingest(engine: Engine, event: Event) -> None:
    """Take one event in; the same event a second time changes nothing.

    Raises:
        StoreError: The store cannot be written.
    """
    now = engine.clock()
    with engine.store.writing() as tx:
        if not tx.remember_event(event.id, now):
            return
        if event.note is not None:
            notify_note(engine, tx, event.id, event.note, event.at)
            return
        if event.run is None:
            return
        if event.type is EventType.PROCESS_ENDED:
            advance_alert(engine, tx, _clean_end(event, event.run), event.run)
        else:
            _take_run(engine, tx, event.run)
    set_marker(engine, event.run.environment, event.run.pipeline)


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
    run = merge(known, reported)
    if run == known:
        return
    tx.save_run(run)
    if known is None or known.outcome is not run.outcome:
        settle_run(engine, tx, run)
    if run.outcome is not Outcome.RUNNING:
        evaluate_end(engine, tx, run)


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
