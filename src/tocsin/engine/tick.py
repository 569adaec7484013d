"""Everything that time alone makes due: one call does it all, from cron, from a loop or from the companion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.capture.process import is_alive
from tocsin.core.due import Due
from tocsin.core.run import Outcome, Run
from tocsin.core.words import count
from tocsin.engine.deliver import deliver
from tocsin.engine.engine import Engine
from tocsin.engine.evaluate import evaluate_ends
from tocsin.engine.expected import look_at_slots, settle_runs
from tocsin.engine.follow import follow
from tocsin.engine.freshness import limits_differ, look_at_freshness
from tocsin.engine.gone import is_ours_to_end, silence_limit
from tocsin.engine.inbox import take_in
from tocsin.engine.ingest import drain
from tocsin.engine.markers import set_marker
from tocsin.engine.notify import notify_due, routes_differ
from tocsin.engine.serving import Served, served, silence
from tocsin.engine.silences import close_silences
from tocsin.engine.stalls import look_at_progress
from tocsin.store.protocol import Transaction

#: More runs than go on at a time.
_MOST = 100_000


@dataclass(frozen=True, kw_only=True)
class Ticked:
    """What a tick did."""

    events: int = 0
    died: int = 0
    #: Runs that were expected and are late, or have not started.
    overdue: int = 0
    #: Runs that live and stand still.
    stuck: int = 0
    #: Tables that have got no rows for too long.
    stale: int = 0
    sent: int = 0

    def __str__(self) -> str:
        """Return "2 events, 1 run died, 1 message sent"; empty where nothing was done."""
        parts = (
            (self.events, count(self.events, "event")),
            (self.died, f"{count(self.died, 'run')} died"),
            (self.overdue, f"{count(self.overdue, 'run')} late or not started"),
            (self.stuck, f"{count(self.stuck, 'run')} stuck"),
            (self.stale, f"{count(self.stale, 'table')} stale"),
            (self.sent, f"{count(self.sent, 'message')} sent"),
        )
        return ", ".join(words for number, words in parts if number)


def tick(engine: Engine, *, patience: timedelta = timedelta(0), deadline: datetime | None = None) -> Ticked:
    """Take in what waits, tell runs that died, repeat what goes on, and deliver what is due.

    Any number of processes may do this at any time. `patience` and `deadline` are those of `deliver`.

    Raises:
        StoreError: The store cannot be read or written; nothing is lost by it.
    """
    done = look(engine)
    return replace(done, sent=deliver(engine, patience=patience, deadline=deadline))


def look(engine: Engine, *, steady: bool = True) -> Ticked:
    """Do all of a tick except to send.

    Args:
        engine: Whose spool and store to look at.
        steady: False where the clock has just moved, be it wrong or because the machine has slept. Then nothing is
            made of the mere passing of time, so that what runs has the time to say so.

    Raises:
        StoreError: The store cannot be read or written; nothing is lost by it.
    """
    with engine.store.reading() as tx:
        running, due = _running(tx), _due(engine, tx)
    # Asked before the spool is read: what a process had written is then read before it is taken for dead.
    beats = [event.run for _, event in engine.spool.heartbeats() if event.run is not None]
    gone = _gone(engine, [*running, *beats])
    events = drain(engine) + (take_in(engine) if due.events else 0)
    if events or beats:
        running = _running_now(engine)
    died = _tell_died(engine, running, gone, judge_silence=steady)
    overdue = stuck = stale = 0
    if engine.watching and steady:
        overdue = look_at_slots(engine)
        stuck = look_at_progress(engine, _running_now(engine) if died else running)
    if steady:
        if events or died or overdue or stuck:
            with engine.store.reading() as tx:
                due = _due(engine, tx)
        if engine.watching and due.tables:
            stale = look_at_freshness(engine)
        if due.silences:
            close_silences(engine)
        # The end of a silence makes alerts due.
        if due.silences or due.alerts:
            notify_due(engine)
    return Ticked(events=events, died=died, overdue=overdue, stuck=stuck, stale=stale)


def _due(engine: Engine, tx: Transaction) -> Due:
    """Return what there is to do, where the configuration has changed too."""
    due = tx.due(engine.clock())
    return replace(due, tables=due.tables or limits_differ(engine, tx), alerts=due.alerts or routes_differ(engine, tx))


def _running_now(engine: Engine) -> Sequence[Run]:
    with engine.store.reading() as tx:
        return _running(tx)


def _running(tx: Transaction) -> Sequence[Run]:
    return tx.runs(outcomes={Outcome.RUNNING}, limit=_MOST)


def _tell_died(engine: Engine, running: Sequence[Run], gone: frozenset[str], *, judge_silence: bool) -> int:
    """End the runs that gave no sign of life for too long, or whose process is certainly gone; return how many.

    A process of this machine that certainly lives has not died, however long it was silent: the machine may have
    slept, or the process holds the interpreter's lock.
    """
    if not running:
        return 0
    now = engine.clock()
    with engine.store.reading() as tx:
        listened = served(tx)

    def dead(run: Run) -> bool:
        return run.id in gone or (judge_silence and _silent(engine, run, listened, now))

    died = 0
    for run in filter(dead, running):
        with engine.store.writing() as tx:
            known = tx.run(run.id)
            # Another engine may have heard of it meanwhile.
            if known is None or known.outcome is not Outcome.RUNNING or not dead(known):
                continue
            died += 1
            ended = known.died(engine.ended_by(known.process) if known.process else None)
            tx.save_run(ended)
            settle_runs(engine, tx, [ended])
            follow(engine, tx, ended)
            evaluate_ends(engine, tx, [ended])
        if engine.makeshift_for is None:
            engine.spool.still(run.id)
        set_marker(engine, run.environment, run.pipeline)
    return died


def _silent(engine: Engine, run: Run, listened: Served | None, now: datetime) -> bool:
    if run.process is not None and is_alive(run.process):
        return False
    return silence(run, listened, now) > silence_limit(engine.config, run)


def _gone(engine: Engine, known: Sequence[Run]) -> frozenset[str]:
    """Return the ids of the runs whose process has certainly ended by now, without being told by its companion.

    What is known of a run last stands last.
    """
    newest = {run.id: run for run in known}.values()
    now = engine.clock()
    return frozenset(
        run.id for run in newest if is_ours_to_end(run, companion_of=engine.companion_of, config=engine.config, now=now)
    )
