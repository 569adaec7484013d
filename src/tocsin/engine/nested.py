"""Runs inside of runs, as a task in a DAG: the inner one that failed tells why, and the one around it says no more."""

from __future__ import annotations

from datetime import timedelta

from tocsin.core.run import Run
from tocsin.store.protocol import Transaction

#: Where a run names the one that it is a part of.
PARENT = "parent_run_id"
#: Runs that are looked at, from the beginning of the outer one on.
_MOST = 1_000
_INSTANT = timedelta(microseconds=1)


def failed_inside(tx: Transaction, run: Run) -> bool:
    """Return whether a run that is a part of this one has failed, and went not well when it was tried again."""
    if not run.told_in_parts:
        return False
    until = (run.ended_at or run.started_at) + _INSTANT
    ended = [
        one
        for one in tx.ended_runs(since=run.started_at, until=until, limit=_MOST)
        if one.environment == run.environment
    ]
    # In the order in which they began: the last try counts.
    last = {one.pipeline: one for one in ended}
    inside = tx.runs_of([one.id for one in last.values() if one.outcome.bad and one.id != run.id])
    return any(one.context.names.get(PARENT) == run.id for one in inside.values())


def has_known_parent(tx: Transaction, run: Run) -> bool:
    """Return whether the run that this one is a part of is watched too, and so when it has to begin."""
    parent = run.context.names.get(PARENT) if run.told_in_parts else None
    return parent is not None and tx.run(parent) is not None
