"""Notifications on their way, deliveries, receipts and channels in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, literal_column, or_, select, tuple_, update

from tocsin.core.notify import Told
from tocsin.core.outbox import HEARD, ChannelState, Delivery, Notification, Receipt, Status
from tocsin.core.position import Position
from tocsin.store.sql_rows import Rows, after_position, dump, first_of_newest, left_at, load
from tocsin.store.tables import (
    DUE_GROUP,
    WAITING,
    alerts,
    channels,
    deliveries,
    groups,
    notifications,
    receipts,
)

_NOTIFICATIONS = select(notifications.c.data)
_NOTIFICATION = _NOTIFICATIONS.where(notifications.c.id == bindparam("id"))
_TOLD = (
    select(*(notifications.c[name] for name in ("created_at", "seq", "said", "group_id")))
    .where(notifications.c.alert_id == bindparam("alert_id"), notifications.c.channel == bindparam("channel"))
    .where(notifications.c.status.in_(HEARD))
    .order_by(notifications.c.seq.desc(), notifications.c.created_at.desc())
    .limit(1)
)

_earlier = notifications.alias("earlier")
_ORDER = ("seq", "created_at", "id")
_FIRST_OF_ITS_ALERT = ~exists().where(
    _earlier.c.alert_id == notifications.c.alert_id,
    _earlier.c.channel == notifications.c.channel,
    _earlier.c.status == literal_column("'waiting'"),
    tuple_(*(_earlier.c[name] for name in _ORDER)) < tuple_(*(notifications.c[name] for name in _ORDER)),
)
_NOT_DISABLED = channels.c.disabled_at.is_(None)
_WITH_CHANNEL = notifications.outerjoin(channels, channels.c.channel == notifications.c.channel)
_CLAIM = (
    _NOTIFICATIONS.select_from(_WITH_CHANNEL)
    .where(WAITING, notifications.c.due_at <= bindparam("now"), _NOT_DISABLED, _FIRST_OF_ITS_ALERT)
    .where(or_(notifications.c.lease_until.is_(None), notifications.c.lease_until <= bindparam("now")))
    .where(or_(channels.c.not_before.is_(None), channels.c.not_before <= bindparam("now")))
    .order_by(notifications.c.due_at, notifications.c.created_at)
    .limit(bindparam("limit"))
)


def _later(moment: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the later of two moments; `other` may be NULL. The databases disagree on the name of such a function."""
    return case((other > moment, other), else_=moment)


_NEXT_DUE = (
    select(func.min(_later(_later(notifications.c.due_at, notifications.c.lease_until), channels.c.not_before)))
    .select_from(_WITH_CHANNEL)
    .where(WAITING, _NOT_DISABLED, _FIRST_OF_ITS_ALERT)
)
_NEXT_GROUP = select(func.min(groups.c.due_at)).where(DUE_GROUP)
_SAVE_CLAIMED = (
    update(notifications)
    .where(notifications.c.id == bindparam("claimed"), notifications.c.lease_until.is_not(None))
    .where(notifications.c.lease_owner == bindparam("owner"), notifications.c.attempts == bindparam("attempt"))
)
_LEASED = _NOTIFICATIONS.where(
    WAITING, notifications.c.lease_until.is_not(None), notifications.c.lease_owner == bindparam("owner")
)

_newer = notifications.alias("newer")
_EARLIEST_OF_EACH = first_of_newest(
    _newer.c.created_at, _newer.c.alert_id == alerts.c.id, number="each", seen_from=alerts
)
_OF_ALERTS = (
    select(notifications.c.data)
    .join_from(
        alerts,
        notifications,
        and_(notifications.c.alert_id == alerts.c.id, notifications.c.created_at >= _EARLIEST_OF_EACH),
    )
    .where(alerts.c.id.in_(bindparam("alert_ids", expanding=True)))
    .order_by(notifications.c.created_at.desc(), notifications.c.id.desc())
)
_DELIVERIES = (
    select(deliveries.c.data)
    .where(deliveries.c.notification_id == bindparam("notification_id"))
    .order_by(deliveries.c.at, deliveries.c.id)
)
_DELIVERIES_OF = (
    select(deliveries.c.data)
    .where(deliveries.c.notification_id.in_(bindparam("notification_ids", expanding=True)))
    .order_by(deliveries.c.at, deliveries.c.id)
)
_LAST_DELIVERIES = (
    select(deliveries.c.data)
    .where(deliveries.c.channel == bindparam("channel"))
    .order_by(deliveries.c.at.desc(), deliveries.c.id.desc())
    .limit(bindparam("each"))
)
_ADD_DELIVERY = deliveries.insert()
_RECEIPT = select(receipts.c.data).where(
    receipts.c.alert_id == bindparam("alert_id"), receipts.c.channel == bindparam("channel")
)
_CHANNEL = select(channels.c.data).where(channels.c.channel == bindparam("channel"))


class Outbox(Rows):
    """The part of a transaction that is about what is sent."""

    def told(self, alert_id: str, channel: str) -> Told | None:
        """Return what the channel got or will get last; served by `notifications_by_alert`."""
        row = self._connection.execute(_TOLD, {"alert_id": alert_id, "channel": channel}).one_or_none()
        return Told(at=row.created_at, seq=row.seq, said=row.said, group_id=row.group_id) if row else None

    def add_notification(self, notification: Notification) -> bool:
        """Insert a notification, or count a repeated decision against telling; served by the primary key."""
        if self._add(notifications, _row(notification)):
            return True
        if notification.status is Status.NOT_TOLD:
            known = load(Notification, self._connection.execute(_NOTIFICATION, {"id": notification.id}).scalar_one())
            if known.status is Status.NOT_TOLD:
                self._replace(notifications, _row(replace(notification, times=known.times + 1)))
        return False

    def add_notifications(self, decided: Sequence[Notification]) -> None:
        """Do as `add_notification` with each of them; messages are written together."""
        messages = [_row(one) for one in decided if one.status is not Status.NOT_TOLD]
        if messages:
            self._add(notifications, messages)
        for one in decided:
            if one.status is Status.NOT_TOLD:
                self.add_notification(one)

    def claim(
        self, *, owner: str, now: datetime, lease: timedelta, limit: int, channel: str | None = None
    ) -> Sequence[Notification]:
        """Lease due notifications; served by `notifications_waiting`, their order by `notifications_by_alert`."""
        query = _CLAIM if channel is None else _CLAIM.where(notifications.c.channel == channel)
        due = [load(Notification, text) for text in self._connection.scalars(query, {"now": now, "limit": limit})]
        claimed = [replace(one, attempts=one.attempts + 1, lease_until=now + lease, lease_owner=owner) for one in due]
        if claimed:
            self._replace(notifications, [_row(one) for one in claimed])
        return claimed

    def save_notification(self, notification: Notification, *, owner: str) -> bool:
        """Replace a notification that `owner` has claimed; served by the primary key."""
        claim = {"claimed": notification.id, "owner": owner, "attempt": notification.attempts}
        return self._write(_SAVE_CLAIMED, {**_row(notification), **claim}) == 1

    def release(self, owner: str) -> None:
        """End all leases of a worker; served by `notifications_waiting`."""
        leased = [load(Notification, text) for text in self._connection.scalars(_LEASED, {"owner": owner})]
        for one in leased:
            self.save_notification(replace(one, lease_until=None), owner=owner)

    def notification(self, notification_id: str) -> Notification | None:
        """Return the notification with exactly this id; served by the primary key."""
        text = self._connection.scalar(_NOTIFICATION, {"id": notification_id})
        return None if text is None else load(Notification, text)

    def notifications(
        self,
        *,
        alert_id: str | None = None,
        channel: str | None = None,
        status: str | None = None,
        after: Position | None = None,
        limit: int = 100,
    ) -> Sequence[Notification]:
        """Return notifications, newest first.

        Served by `notifications_by_alert` for one alert, by `notifications_waiting_by_time` for what waits, else by
        `notifications_by_time`.
        """
        query = _NOTIFICATIONS.order_by(notifications.c.created_at.desc(), notifications.c.id.desc()).limit(limit)
        if alert_id is not None:
            query = query.where(notifications.c.alert_id == alert_id)
        if channel is not None:
            query = query.where(notifications.c.channel == channel)
        if status is not None:
            query = query.where(WAITING if status == Status.WAITING else notifications.c.status == status)
        if after is not None:
            query = query.where(after_position(notifications.c.created_at, notifications.c.id))
        return [load(Notification, text) for text in self._connection.scalars(query, left_at(after))]

    def notifications_of(self, alert_ids: Collection[str], *, each: int) -> Mapping[str, Sequence[Notification]]:
        """Return the newest notifications about these alerts; served by `notifications_by_alert`."""
        found: dict[str, list[Notification]] = {}
        for text in self._connection.scalars(_OF_ALERTS, {"alert_ids": list(alert_ids), "each": each}):
            one = load(Notification, text)
            if len(of_it := found.setdefault(one.alert_id or "", [])) < each:
                of_it.append(one)
        return found

    def next_due(self) -> datetime | None:
        """Return when something is to be done; served by `notifications_waiting` and `groups_due`."""
        due = (self._connection.scalar(_NEXT_DUE), self._connection.scalar(_NEXT_GROUP))
        return min((moment for moment in due if moment is not None), default=None)

    def add_delivery(self, delivery: Delivery) -> None:
        """Append one attempt to the delivery log."""
        self._write(
            _ADD_DELIVERY,
            {
                "notification_id": delivery.notification_id,
                "channel": delivery.channel,
                "at": delivery.at,
                "data": dump(delivery),
            },
        )

    def deliveries(self, notification_id: str) -> Sequence[Delivery]:
        """Return the attempts for a notification; served by `deliveries_by_notification`."""
        found = self._connection.scalars(_DELIVERIES, {"notification_id": notification_id})
        return [load(Delivery, text) for text in found]

    def deliveries_of(self, notification_ids: Collection[str]) -> Mapping[str, Sequence[Delivery]]:
        """Return the attempts for these notifications; served by `deliveries_by_notification`."""
        found: dict[str, list[Delivery]] = {}
        for text in self._connection.scalars(_DELIVERIES_OF, {"notification_ids": list(notification_ids)}):
            delivery = load(Delivery, text)
            found.setdefault(delivery.notification_id, []).append(delivery)
        return found

    def last_deliveries(self, names: Collection[str], *, each: int) -> Mapping[str, Sequence[Delivery]]:
        """Return the newest attempts on these channels; served by `deliveries_by_channel`."""
        found = {}
        for name in names:
            texts = self._connection.scalars(_LAST_DELIVERIES, {"channel": name, "each": each})
            found[name] = [load(Delivery, text) for text in texts]
        return found

    def receipt(self, alert_id: str, channel: str) -> Receipt | None:
        """Return what the channel kept of its message; served by the primary key."""
        text = self._connection.scalar(_RECEIPT, {"alert_id": alert_id, "channel": channel})
        return None if text is None else load(Receipt, text)

    def save_receipt(self, alert_id: str, channel: str, receipt: Receipt) -> None:
        """Keep what the channel needs to update its message; served by the primary key."""
        self._replace(receipts, {"alert_id": alert_id, "channel": channel, "data": dump(receipt)})

    def channel_state(self, channel: str) -> ChannelState:
        """Return what is remembered of a channel; served by the primary key."""
        text = self._connection.scalar(_CHANNEL, {"channel": channel})
        return ChannelState(channel=channel) if text is None else load(ChannelState, text)

    def save_channel_state(self, state: ChannelState) -> None:
        """Insert or replace what is remembered of a channel; served by the primary key."""
        self._replace(
            channels,
            {
                "channel": state.channel,
                "not_before": state.not_before,
                "disabled_at": state.disabled_at,
                "data": dump(state),
            },
        )


def _row(notification: Notification) -> Mapping[str, Any]:
    return {
        "id": notification.id,
        "channel": notification.channel,
        "alert_id": notification.alert_id,
        "seq": notification.seq,
        "status": notification.status,
        "created_at": notification.created_at,
        "due_at": notification.due_at,
        "said": notification.said,
        "group_id": notification.group_id,
        "group_seq": notification.group_seq,
        "attempts": notification.attempts,
        "lease_until": notification.lease_until,
        "lease_owner": notification.lease_owner,
        "data": dump(notification),
    }
