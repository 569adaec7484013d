"""Runs inside of runs, as a task in a DAG: the innermost one that failed tells why, and those around it say no more."""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.core.finding import Topic
from tocsin.core.run import Run
from tocsin.store.protocol import Transaction

#: Where a run names the one that it is a part of.
PARENT = "parent_run_id"
#: Open alerts that are looked at, and how many runs may stand around one another.
_MOST, _DEEPEST = 500, 5


def is_told_inside(tx: Transaction, run: Run, *, by: Iterable[Run]) -> bool:
    """Return whether the problem of a run that is a part of this one, or a part of a part, is told.

    Args:
        tx: Where the alerts are.
        run: One that did not go well.
        by: Runs whose problems are about to become alerts.
    """
    if not run.told_in_parts:
        return False
    alerts = tx.alerts(open_only=True, limit=_MOST)
    ids = {one.run_id for one in alerts if one.topic is Topic.DELIVERY and one.run_id is not None}
    inside = [*tx.runs_of(ids).values(), *(each for each in by if each.outcome.bad)]
    for _ in range(_DEEPEST):
        around = {each.context.names[PARENT] for each in inside if PARENT in each.context.names}
        if run.id in around:
            return True
        if not around:
            return False
        inside = [*tx.runs_of(around).values()]
    return False


def has_known_parent(tx: Transaction, run: Run) -> bool:
    """Return whether the run that this one is a part of is watched too, and so when it has to begin."""
    parent = run.context.names.get(PARENT) if run.told_in_parts else None
    return parent is not None and tx.run(parent) is not None
