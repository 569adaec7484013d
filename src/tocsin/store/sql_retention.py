"""What is old goes, in SQL. What stays although it is old is said once, here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Delete, Select, bindparam, delete, exists, false, func, select, true

from tocsin.core.retention import Kept, Pruned
from tocsin.store.sql_rows import Rows
from tocsin.store.tables import (
    GROUPED,
    OPEN,
    OPEN_GROUP,
    REFUSED,
    RUNNING,
    TO_CHECK,
    TO_CLOSE,
    TO_LOOK_AT,
    WAITING,
    alerts,
    deliveries,
    events,
    groups,
    inbox,
    notifications,
    pipelines,
    receipts,
    runs,
    silences,
    slots,
)


@dataclass(frozen=True, kw_only=True)
class _Aging:
    """How rows of one table grow old."""

    key: Column[Any]
    at: Column[datetime]
    #: What has to hold as well.
    over: Collection[ColumnElement[bool]] = ()
    #: The columns of other tables by which rows belong to these, and go with them.
    with_it: Collection[Column[Any]] = ()


_AGING = {
    Kept.EVENTS: _Aging(key=events.c.id, at=events.c.at),
    Kept.REFUSED: _Aging(key=inbox.c.number, at=inbox.c.at, over=[REFUSED]),
    Kept.NOTIFICATIONS: _Aging(
        key=notifications.c.id,
        at=notifications.c.created_at,
        over=[
            ~WAITING,
            # What was told of a problem decides what is told of it next.
            ~exists().where(alerts.c.id == notifications.c.alert_id, OPEN),
            ~exists().where(alerts.c.id == notifications.c.alert_id, TO_LOOK_AT),
            ~exists().where(groups.c.id == notifications.c.group_id, OPEN_GROUP),
            # The message of a group names it as its alert.
            ~exists().where(groups.c.id == notifications.c.alert_id, OPEN_GROUP),
        ],
        with_it=[deliveries.c.notification_id],
    ),
    Kept.GROUPS: _Aging(
        key=groups.c.id,
        at=groups.c.opened_at,
        over=[
            groups.c.open.is_(false()),
            ~exists().where(notifications.c.group_id == groups.c.id, GROUPED),
            ~exists().where(notifications.c.alert_id == groups.c.id),
        ],
        with_it=[receipts.c.alert_id],
    ),
    Kept.ALERTS: _Aging(
        key=alerts.c.id,
        at=alerts.c.last_at,
        over=[alerts.c.open.is_(false()), ~TO_LOOK_AT, ~exists().where(notifications.c.alert_id == alerts.c.id)],
        with_it=[receipts.c.alert_id],
    ),
    Kept.SILENCES: _Aging(key=silences.c.id, at=silences.c.over_at, over=[~TO_CLOSE]),
    Kept.SLOTS: _Aging(key=slots.c.id, at=slots.c.due_at, over=[slots.c.resolved.is_(true()), ~TO_CHECK]),
    Kept.RUNS: _Aging(
        key=runs.c.id,
        at=runs.c.started_at,
        over=[
            ~RUNNING,
            ~exists().where(
                pipelines.c.pipeline == runs.c.pipeline,
                pipelines.c.environment == runs.c.environment,
                pipelines.c.run_id == runs.c.id,
            ),
            ~exists().where(alerts.c.run_id == runs.c.id, OPEN),
        ],
    ),
}


@cache
def _old(kept: Kept) -> Select[Any]:
    """Return the statement that finds a batch.

    Each begins where the one before has ended. From the beginning each time, it would pass by all that stays, and in
    PostgreSQL by all that was deleted just now.
    """
    aging = _AGING[kept]
    return (
        select(aging.key, aging.at)
        .where(aging.at >= bindparam("since"), aging.at < bindparam("before"), *aging.over)
        .order_by(aging.at)
        .limit(bindparam("limit"))
    )


@cache
def _count(kept: Kept) -> Select[Any]:
    aging = _AGING[kept]
    return select(func.count()).select_from(aging.key.table).where(aging.at < bindparam("before"), *aging.over)


@cache
def _delete(column: Column[Any]) -> Delete:
    return delete(column.table).where(column.in_(bindparam("keys", expanding=True)))


class Retention(Rows):
    """The part of a transaction that is about what is old."""

    def prune(self, kept: Kept, *, before: datetime, since: datetime | None = None, limit: int) -> Pruned:
        """Delete a batch; each table has an index by age."""
        values = {"before": before, "since": since or datetime.min.replace(tzinfo=UTC), "limit": limit}
        found = self._connection.execute(_old(kept), values).all()
        aging = _AGING[kept]
        if found:
            for column in (*aging.with_it, aging.key):
                self._write(_delete(column), {"keys": [key for key, _ in found]})
        return Pruned(count=len(found), reached=found[-1][1] if len(found) == limit else None)

    def count_old(self, kept: Kept, *, before: datetime) -> int:
        """Return how many there are to delete; each table has an index by age."""
        return self._connection.scalar(_count(kept), {"before": before}) or 0
