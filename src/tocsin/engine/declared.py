"""Schedules that runs declare become expectations: what the code says, or else what the orchestrator knows."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from itertools import takewhile

from tocsin.core.expectation import Expectation
from tocsin.core.run import IN_CODE, IN_SETTINGS, DeclaredSchedule, Origin, Run
from tocsin.core.schedule import Schedule, parse_schedule, slots_after
from tocsin.engine.engine import Engine
from tocsin.store.protocol import Transaction

#: How far back to look for the time at which a run was due; most often the first is enough.
_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=31))
#: Sources that stand beside the pipeline itself.
_OWN = frozenset({IN_CODE, IN_SETTINGS})
_log = logging.getLogger("tocsin")


def take_declared(engine: Engine, tx: Transaction, run: Run, known: Expectation | None) -> Expectation | None:
    """Return what is expected of a pipeline once one of its runs was heard.

    The configuration goes before the code, the code before the orchestrator, and that before what was learned. A
    weaker source changes nothing, and only who has declared a schedule can take it back.

    Args:
        engine: Whose configuration goes first.
        tx: Where to save what has changed.
        run: The run; what an orchestrator knows does not count where a person started it.
        known: What was expected of its pipeline so far.
    """
    by_orchestrator = run.context.schedule if run.origin is Origin.SCHEDULE else None
    said = [each for each in (run.schedule, by_orchestrator) if each is not None]
    if not said or engine.config.pipeline(run.pipeline).schedule is not None:
        return known
    if known is not None and known.declared is None and not known.schedule.learned:
        # Another engine found it in its configuration.
        return known
    declared = next((each for each in said if each.text), None)
    before = known.declared if known is not None else None
    sources = {each.source for each in said}
    # Whoever moves a schedule from the code into the settings, or removes it there, has taken back the other too.
    taken_back = before is not None and (
        before.source in sources or (before.source in _OWN and not _OWN.isdisjoint(sources))
    )
    if declared is None:
        if not taken_back:
            return known
        tx.drop_expectation(run.pipeline, run.environment)
        return None
    if before is not None and before.source in _OWN and declared.source not in _OWN and not taken_back:
        return known
    wanted = _expectation(engine, run, declared, known)
    if wanted is not None and wanted != known:
        tx.save_expectations([wanted])
    return wanted or known


def _expectation(engine: Engine, run: Run, declared: DeclaredSchedule, known: Expectation | None) -> Expectation | None:
    """Return what is expected from now on, or None where nobody can read the schedule."""
    zone = declared.timezone or engine.config.timezone
    try:
        schedule = parse_schedule(declared.text, timezone=zone, source=declared.source)
    except ValueError as error:
        _log.debug("the schedule of %s, which %s declares, is left out: %s", run.pipeline, declared.source, error)
        return None
    settings = engine.config.pipeline(run.pipeline)
    same = known if known is not None and known.schedule == schedule else None
    start_within = declared.start_within or settings.start_within
    if declared.source not in _OWN:
        # The pipeline need not be the first thing that its orchestrator does when it is due.
        seen = same.start_within if same is not None else start_within
        start_within = max(start_within, seen, 2 * _lag(schedule, run))
    finish_within = settings.finish_within or declared.finish_within
    if same is not None:
        return replace(same, declared=declared, start_within=start_within, finish_within=finish_within)
    return Expectation(
        pipeline=run.pipeline,
        environment=run.environment,
        schedule=schedule,
        start_within=start_within,
        finish_within=finish_within,
        declared=declared,
        anchor=run.started_at,
        computed_to=run.started_at,
    ).planned(run.started_at)


def _lag(schedule: Schedule, run: Run) -> timedelta:
    """Return how long after it was due a run began; zero for one that was tried again, or repeats from its start."""
    for back in _BACK if run.attempt == 1 else ():
        slots = slots_after(schedule, run.started_at - back, anchor=run.started_at)
        if due := list(takewhile(lambda at: at <= run.started_at, slots)):
            return run.started_at - due[-1]
    return timedelta(0)
