"""Schedules of the configuration become expectations, whenever the configuration has changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tocsin.core.expectation import Expectation
from tocsin.core.schedule import Schedule
from tocsin.engine.engine import Engine
from tocsin.store.protocol import Transaction

#: Pipelines that one transaction handles: few enough that other writers need not wait long.
_BATCH = 500


def schedules_taken(engine: Engine, tx: Transaction) -> bool:
    """Return whether the expectations are in line with the configuration."""
    return tx.recall(_taken(engine)) == engine.schedules_hash


def take_schedules(engine: Engine, now: datetime) -> None:
    """Bring the expectations in line with the configuration.

    What has not changed is left alone, and so is what was learned or declared of pipelines that have no schedule here.

    Raises:
        StoreError: The store cannot be written; what is missing is done the next time.
    """
    environment = engine.config.environment
    new = dict(engine.schedules)
    last: str | None = ""
    while last is not None:
        with engine.store.writing() as tx:
            page = tx.expectations(environment, after=last, limit=_BATCH)
            for known in page:
                schedule = new.pop(known.pipeline, None)
                if schedule is not None:
                    wanted = _expectation(engine, known.pipeline, schedule, known.anchor)
                    if wanted != replace(known, computed_to=known.anchor, next_slot_at=None):
                        # Where only the grace has changed, slots that have come meanwhile are expected as before.
                        tx.save_expectations([wanted.planned(known.computed_to if schedule == known.schedule else now)])
                elif not known.schedule.learned and known.declared is None:
                    tx.drop_expectation(known.pipeline, environment)
            last = page[-1].pipeline if page else None
    names = list(new)
    for start in range(0, len(names), _BATCH):
        with engine.store.writing() as tx:
            batch = names[start : start + _BATCH]
            tx.save_expectations([_expectation(engine, name, new[name], now).planned(now) for name in batch])
    with engine.store.writing() as tx:
        tx.remember(_taken(engine), engine.schedules_hash)


def _taken(engine: Engine) -> str:
    """Return under which name the store keeps which schedules it has."""
    return f"schedules of {engine.config.environment}"


def _expectation(engine: Engine, name: str, schedule: Schedule, anchor: datetime) -> Expectation:
    pipeline = engine.config.pipeline(name)
    return Expectation(
        pipeline=name,
        environment=engine.config.environment,
        schedule=schedule,
        start_within=pipeline.start_within,
        finish_within=pipeline.finish_within,
        anchor=anchor,
        computed_to=anchor,
    )
