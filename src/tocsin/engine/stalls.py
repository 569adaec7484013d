"""Runs that live: do they move?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tocsin.core.finding import Finding, Kind, Topic, fingerprint
from tocsin.core.rules.lateness import judge_finish
from tocsin.core.rules.stall import is_still, judge_moving, judge_progress, learned_limit
from tocsin.core.run import Progress, Run
from tocsin.engine.engine import Engine
from tocsin.engine.evaluate import advance_alert
from tocsin.store.protocol import Transaction

#: A run that moved so lately is not looked at more closely: no learned limit is shorter.
_LATELY = timedelta(minutes=10)
_HISTORY = 30


def look_at_progress(engine: Engine, running: Sequence[Run]) -> int:
    """Tell of runs that give signs of life and stand still, and of those that move again; return how many stand still.

    Args:
        engine: The engine.
        running: The runs that go on.

    Raises:
        StoreError: The store cannot be read or written.
    """
    moving = [run for run in running if run.progress is not None]
    if not moving:
        return 0
    with engine.store.reading() as tx:
        found = [(run, finding) for run in moving if (finding := _judge(engine, tx, run)) is not None]
    for run, finding in found:
        with engine.store.writing() as tx:
            advance_alert(engine, tx, finding, run)
    return sum(finding.kind is Kind.STUCK for _, finding in found)


def _judge(engine: Engine, tx: Transaction, run: Run) -> Finding | None:
    now = engine.clock()
    settings = engine.config.pipeline(run.pipeline)
    alert = tx.open_alert(fingerprint(Topic.DELIVERY, run.environment, run.pipeline))
    told = alert is not None and alert.kind is Kind.STUCK
    if not told and not _worth_a_look(run.progress, settings.stuck_after, run):
        return None
    history = tx.runs(pipeline=run.pipeline, environment=run.environment, limit=_HISTORY)
    limit, source = settings.stuck_after, "stuck_after"
    if limit is None:
        limit, source = learned_limit(history, run.stage)
    alive_within = settings.died_after or engine.config.died_after
    finding = judge_progress(run, now, limit=limit, limit_source=source, alive_within=alive_within)
    if finding is not None:
        # It is told once, and repeated like every problem that goes on.
        return None if is_still(run, alert) else finding
    # A run that moves again and is late by now is late.
    slots = tx.slots(run.pipeline, run.environment, unresolved=True)
    slot = next((one for one in slots if one.logical_id in {run.logical_id, run.id}), None)
    late = judge_finish(slot, run, now, history=history, open_alert=alert) if slot is not None else None
    return late or judge_moving(run, now, alert)


def _worth_a_look(progress: Progress | None, stuck_after: timedelta | None, run: Run) -> bool:
    if progress is None or run.heartbeat_at is None:
        return False
    return run.heartbeat_at - progress.moved_at > (stuck_after or _LATELY)
