"""Schedules of pipelines for which nobody wrote one, learned from the runs as they end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.core.cadence import Learned, learn
from tocsin.core.expectation import Expectation
from tocsin.core.run import GOOD, Origin, Run
from tocsin.core.schedule import slots_after
from tocsin.engine.engine import Engine
from tocsin.engine.nested import has_known_parent
from tocsin.store.protocol import Transaction

#: Runs that a schedule is learned from.
_HISTORY = 30
_INSTANT = timedelta(microseconds=1)


def learn_schedule(engine: Engine, tx: Transaction, run: Run, known: Expectation | None, now: datetime) -> None:
    """Expect of a pipeline what it has done so far, once that is regular enough, and no longer than it is.

    Args:
        engine: Whose configuration says nothing of the pipeline's schedule.
        tx: Where the runs are.
        run: A run that went well.
        known: What is expected of its pipeline. A schedule that another engine found in its configuration stays.
        now: The present, aware.
    """
    if (known is not None and not known.schedule.learned) or has_known_parent(tx, run):
        return
    history = tx.runs(pipeline=run.pipeline, environment=run.environment, outcomes=GOOD, limit=_HISTORY)
    starts = {one.logical_id or one.id: one.started_at for one in history if one.origin is Origin.SCHEDULE}
    learned = learn(list(starts.values()), timezone=engine.config.timezone)
    if learned is not None:
        tx.save_expectations([_expectation(run, learned, known, now)])
    elif known is not None:
        tx.drop_expectation(run.pipeline, run.environment)


def _expectation(run: Run, learned: Learned, known: Expectation | None, now: datetime) -> Expectation:
    if known is not None and known.schedule.text == learned.schedule.text:
        # The same as before: only the number of runs has grown, and the plan stays…
        same = replace(known, schedule=learned.schedule, start_within=learned.start_within)
        if learned.anchor is None or _fits(learned.anchor, known):
            return same
        # …unless its runs have moved away from it bit by bit. What this run has met is not expected once more.
        return replace(same, anchor=learned.anchor).planned(max(known.computed_to, run.started_at))
    return Expectation(
        pipeline=run.pipeline,
        environment=run.environment,
        schedule=learned.schedule,
        start_within=learned.start_within,
        anchor=learned.anchor or now,
        computed_to=now,
    ).planned(now)


def _fits(moment: datetime, known: Expectation) -> bool:
    """Return whether a moment is one at which a run is expected, or was."""
    return next(slots_after(known.schedule, moment - _INSTANT, anchor=known.anchor), None) == moment
