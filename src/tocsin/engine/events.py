"""Events become runs, findings, alerts and notifications, several at a time and in their order."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from tocsin.core.event import Event, EventType
from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.run import Outcome, Run, Stage, merge
from tocsin.core.severity import Severity
from tocsin.engine.checks import take_checks
from tocsin.engine.engine import Engine
from tocsin.engine.evaluate import advance_alert, evaluate_ends
from tocsin.engine.expected import settle_runs
from tocsin.engine.follow import follow
from tocsin.engine.freshness import settle_freshness
from tocsin.engine.notes import notify_note
from tocsin.engine.schemas import take_schemas
from tocsin.store.protocol import Transaction

#: Events whose runs are read, and what came of them written, at once.
_AT_ONCE = 10


def take_events(engine: Engine, tx: Transaction, events: Iterable[Event], *, within: float | None = None) -> int:
    """Take events in, in a transaction that somebody else begins and ends; return how many.

    Args:
        engine: The engine.
        tx: The transaction.
        events: In the order in which they came; the same event a second time changes nothing.
        within: Begin with no further ones after so many seconds, because other writers wait; None to take all.
    """
    began, taken = time.monotonic(), 0
    waiting = iter(events)
    while (not taken or within is None or time.monotonic() - began < within) and (
        some := list(islice(waiting, _AT_ONCE))
    ):
        taken += len(some)
        for one in _apart(_new(engine, tx, some)):
            _take(engine, tx, one)
    return taken


def take_runs(engine: Engine, tx: Transaction, reported: Sequence[Run]) -> None:
    """Take in what was reported of runs of different pipelines."""
    known = tx.runs_of([run.id for run in reported])
    changed = []
    for each in reported:
        before = known.get(each.id)
        run = take_schemas(tx, merge(before, each))
        if run != before:
            changed.append((before, run))
    tx.save_runs([run for _, run in changed])
    moved = [run for before, run in changed if before is None or before.outcome is not run.outcome]
    settle_runs(engine, tx, moved)
    for run in moved:
        follow(engine, tx, run)
    ended = [run for _, run in changed if run.outcome is not Outcome.RUNNING]
    evaluate_ends(engine, tx, ended)
    for run in ended:
        settle_freshness(engine, tx, run)


def _new(engine: Engine, tx: Transaction, events: Sequence[Event]) -> Iterator[Event]:
    """Leave out what was taken in before."""
    # All signs of life of a run bear the same id, and the order in which they are taken in does not matter.
    once = [event.id for event in events if event.type is not EventType.PROGRESS]
    new = set(tx.remember_events(once, engine.clock()))
    for event in events:
        if event.type is EventType.PROGRESS or event.id in new:
            new.discard(event.id)
            yield event


def _apart(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Yield the events in their order, those together that tell of runs of different pipelines."""
    together: dict[tuple[str, str] | None, Event] = {}
    for event in events:
        pipeline = (event.run.pipeline, event.run.environment) if event.run is not None and _of_run(event) else None
        if together and (pipeline in together or None in (pipeline, *together)):
            yield [*together.values()]
            together.clear()
        together[pipeline] = event
    if together:
        yield [*together.values()]


def _of_run(event: Event) -> bool:
    return event.note is None and event.type not in {EventType.CHECK_FINISHED, EventType.PROCESS_ENDED}


def _take(engine: Engine, tx: Transaction, events: Sequence[Event]) -> None:
    """Take in one event of whatever kind, or what tells of runs of different pipelines."""
    first = events[0]
    if first.note is not None:
        notify_note(engine, tx, first.id, first.note, first.at)
    elif first.type is EventType.CHECK_FINISHED:
        take_checks(engine, tx, first.checks, first.run)
    elif first.run is not None and first.type is EventType.PROCESS_ENDED:
        advance_alert(engine, tx, _clean_end(first, first.run), first.run)
    else:
        take_runs(engine, tx, [event.run for event in events if event.run is not None])


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
