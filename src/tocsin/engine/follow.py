"""Runs that begin and end become rows of the outbox for the channels that follow runs."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import replace
from typing import cast

from tocsin.core.alert import Change
from tocsin.core.codec import encode
from tocsin.core.feed import Count, Feed, News, news_of
from tocsin.core.message import Message, Tone
from tocsin.core.notify import Reason
from tocsin.core.outbox import Notification
from tocsin.core.run import Outcome, Run
from tocsin.core.severity import Severity
from tocsin.core.words import count
from tocsin.engine.engine import Engine
from tocsin.store.protocol import Transaction

#: Slots among which that of a run is looked for.
_SLOTS = 20
#: Namespace of the idempotency keys: the same news of a run has the same key in every process.
_KEYS = uuid.UUID("9d6a5a3e-3c5c-5f0a-8a51-6f3c1d0e7b28")
#: What changes how many alerts are open, or how bad those are.
_COUNTED = frozenset(
    {
        Change.OPENED,
        Change.REOPENED,
        Change.KIND_CHANGED,
        Change.REASON_CHANGED,
        Change.WORSENED,
        Change.RESOLVED,
    }
)


def follow(engine: Engine, tx: Transaction, run: Run) -> None:
    """Tell the channels that follow runs that one has begun or ended; without such channels this costs nothing."""
    if not engine.feeds:
        return
    now = engine.clock()
    expectation = tx.expectation(run.pipeline, run.environment)
    running = run.outcome is Outcome.RUNNING
    for name, configured in engine.feeds.items():
        news = news_of(configured.feed, run, expectation) if configured.feed is not None else None
        if news is None:
            continue
        if news.feed is Feed.LINEAGE:
            news = _with_lineage(tx, news)
        message = Message(
            title=f"{run.pipeline} {'has begun' if running else f'has ended: {run.outcome}'}",
            tone=Tone.INFO,
            at=run.started_at if running else run.ended_at or now,
            data=cast("dict[str, object]", encode(news)),
        )
        tx.add_notification(
            Notification(
                # A run that was taken for dead and then reports its end is told again.
                id=str(uuid.uuid5(_KEYS, f"{run.id}\0{name}\0{run.outcome}")),
                channel=name,
                reason=Reason.RUN_STARTED if running else Reason.RUN_ENDED,
                message=message,
                created_at=now,
                due_at=now,
            )
        )


def follow_alerts(engine: Engine, tx: Transaction, changes: Collection[Change]) -> None:
    """Tell the channels that count how many alerts are open, if one of these changes can have changed that."""
    counting = [name for name, one in engine.feeds.items() if one.feed is Feed.METRICS]
    if not counting or _COUNTED.isdisjoint(changes):
        return
    now = engine.clock()
    found = dict.fromkeys((severity.value for severity in Severity), 0)
    for (_, severity), number in tx.count_open_alerts().items():
        found[severity.value] += number
    data = cast("dict[str, object]", encode(Count(at=now, open_alerts=found)))
    message = Message(title=count(sum(found.values()), "open alert"), tone=Tone.INFO, at=now, data=data)
    for name in counting:
        tx.add_notification(
            Notification(
                id=str(uuid.uuid5(_KEYS, f"{name}\0{now.isoformat()}\0{found}")),
                channel=name,
                reason=Reason.ALERTS_COUNTED,
                message=message,
                created_at=now,
                due_at=now,
            )
        )


def _with_lineage(tx: Transaction, news: News) -> News:
    """Add when the run was due, and what the tables look like that it has written."""
    run = news.run
    slots = tx.slots(run.pipeline, run.environment, limit=_SLOTS)
    slot = next((one for one in slots if one.logical_id in {run.logical_id, run.id}), None)
    schemas = []
    if written := {load.table for load in run.tables}:
        for schema in tx.schemas_of(run.pipeline, run.environment):
            tables = {name: columns for name, columns in (schema.tables or {}).items() if name in written}
            schemas.append(replace(schema, tables=tables))
    return replace(news, due_at=slot.due_at if slot is not None else None, run=replace(run, schemas=tuple(schemas)))
