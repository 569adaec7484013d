"""Groups of problems in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, or_, select, true
from sqlalchemy.exc import IntegrityError

from tocsin.core.alert import Alert
from tocsin.core.group import Group, Member
from tocsin.core.outbox import HEARD
from tocsin.core.position import Position
from tocsin.store.protocol import FOUND
from tocsin.store.refusal import another_group_is_open
from tocsin.store.sql_rows import Rows, after_position, begins_with, dump, in_bounds, left_at, load
from tocsin.store.tables import DUE_GROUP, GROUPED, OPEN_GROUP, alerts, groups, notifications

_GROUPS = select(groups.c.data)
_GROUP = _GROUPS.where(groups.c.id == bindparam("id"))
_OPEN_ONE = _GROUPS.where(groups.c.key == bindparam("key"), OPEN_GROUP)
_FIND = _GROUPS.where(*in_bounds(groups.c.id)).order_by(groups.c.opened_at.desc(), groups.c.id.desc()).limit(FOUND)
_NEWEST = _GROUPS.order_by(groups.c.opened_at.desc(), groups.c.id.desc()).limit(bindparam("limit"))
_NEXT = _NEWEST.where(after_position(groups.c.opened_at, groups.c.id))
_DUE = _GROUPS.where(DUE_GROUP, groups.c.due_at <= bindparam("now")).order_by(groups.c.due_at, groups.c.id)
_TOLD_LATELY = (
    select(notifications.c.id)
    .where(notifications.c.created_at > bindparam("since"), notifications.c.channel == bindparam("channel"))
    .where(notifications.c.status.in_(HEARD), notifications.c.alert_id.is_not(None))
    .limit(bindparam("most"))
)
_MEMBERS = (
    select(alerts.c.data, func.max(notifications.c.group_seq).label("last_seq"))
    .select_from(notifications.join(alerts, alerts.c.id == notifications.c.alert_id))
    .where(GROUPED, notifications.c.group_id == bindparam("id"))
    .group_by(alerts.c.id)
)
_MEMBERS_AT_HAND = _MEMBERS.having(
    or_(alerts.c.open.is_(true()), func.max(notifications.c.group_seq) > bindparam("told"))
)


class Groups(Rows):
    """The part of a transaction that is about problems that are told together."""

    def count_told(self, channel: str, *, since: datetime, most: int) -> int:
        """Return how many problems a channel was told of lately; served by `notifications_by_time`."""
        values = {"channel": channel, "since": since, "most": most}
        return len(self._connection.scalars(_TOLD_LATELY, values).all())

    def open_group(self, key: str) -> Group | None:
        """Return the one open group with this key; served by `groups_one_open`."""
        text = self._connection.scalar(_OPEN_ONE, {"key": key})
        return None if text is None else load(Group, text)

    def group(self, group_id: str) -> Group | None:
        """Return the group with exactly this id; served by the primary key."""
        text = self._connection.scalar(_GROUP, {"id": group_id})
        return None if text is None else load(Group, text)

    def find_groups(self, prefix: str) -> Sequence[Group]:
        """Return the groups whose id begins with `prefix`; served by the primary key."""
        return [load(Group, text) for text in self._connection.scalars(_FIND, begins_with(prefix))]

    def groups(self, *, after: Position | None = None, limit: int) -> Sequence[Group]:
        """Return groups, newest first; served by `groups_by_age`."""
        query = _NEWEST if after is None else _NEXT
        return [load(Group, text) for text in self._connection.scalars(query, {**left_at(after), "limit": limit})]

    def save_group(self, group: Group) -> None:
        """Insert or replace a group; served by the primary key, guarded by `groups_one_open`."""
        row = {
            "id": group.id,
            "key": group.key,
            "open": group.open,
            "opened_at": group.opened_at,
            "due_at": group.due_at,
            "data": dump(group),
        }
        try:
            self._replace(groups, row)
        except IntegrityError as error:
            raise another_group_is_open(group) from error

    def due_groups(self, now: datetime) -> Sequence[Group]:
        """Return the groups whose next message is due; served by `groups_due`."""
        return [load(Group, text) for text in self._connection.scalars(_DUE, {"now": now})]

    def members(self, group_id: str, *, over: bool = True) -> Sequence[Member]:
        """Return the problems of a group; served by `notifications_by_group`."""
        group = self.group(group_id)
        told = group.seq if group is not None else 0
        rows = self._connection.execute(_MEMBERS if over else _MEMBERS_AT_HAND, {"id": group_id, "told": told})
        return [Member(alert=load(Alert, row.data), news=row.last_seq > told) for row in rows]
