"""Events in: what a process reported becomes runs, findings, alerts and notifications, in one transaction."""

from __future__ import annotations

from dataclasses import replace

from tocsin.core.event import Event, EventType
from tocsin.core.finding import Finding, Kind, Severity, Topic
from tocsin.core.run import Outcome, Run, Stage, merge
from tocsin.engine.engine import Engine
from tocsin.engine.evaluate import advance_alert, evaluate_end
from tocsin.engine.markers import set_marker
from tocsin.engine.notify import notify_note
from tocsin.store.protocol import Transaction


def drain(engine: Engine) -> int:
    """Take in all that waits in the spool and return how many events that was.

    An event is removed from the spool after its transaction, so a crash in between takes it in twice, which
    changes nothing.

    Raises:
        StoreError: The store cannot be written; what was not taken in stays in the spool.
    """
    taken = 0
    for path, event in engine.spool.read():
        if engine.makeshift_for is not None:
            if event.run is None or event.run.process != engine.makeshift_for:
                continue
            ingest(engine, event)
        else:
            ingest(engine, event)
            engine.spool.done(path)
        taken += 1
    with engine.store.writing() as tx:
        for _, beat in engine.spool.heartbeats():
            _take_heartbeat(tx, beat)
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


def _take_run(engine: Engine, tx: Transaction, reported: Run) -> None:
    known = tx.run(reported.id)
    run = merge(known, reported)
    if run == known:
        return
    tx.save_run(run)
    if run.outcome is not Outcome.RUNNING:
        evaluate_end(engine, tx, run)


def _take_heartbeat(tx: Transaction, beat: Event) -> None:
    run = beat.run
    if run is None:
        return
    known = tx.run(run.id)
    if known is None:
        # The report of the start was lost, for example by a full disk. The sign of life tells the same.
        tx.save_run(replace(run, outcome=Outcome.RUNNING))
    elif known.outcome is Outcome.RUNNING:
        tx.beat(run.id, beat.at)


def _clean_end(event: Event, run: Run) -> Finding:
    return Finding(
        kind=Kind.RECOVERED,
        topic=Topic.DELIVERY,
        subject=run.pipeline,
        environment=run.environment,
        severity=Severity.INFO,
        at=event.at,
        summary="the script came to its end without an error",
        stage=Stage.AFTER,
        run_id=run.id,
        logical_id=run.logical_id,
    )
