"""Groups of problems in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tocsin.core.group import Group, Member
from tocsin.core.outbox import HEARD
from tocsin.core.position import Position
from tocsin.store.memory_state import Part
from tocsin.store.protocol import FOUND
from tocsin.store.refusal import another_group_is_open


class Groups(Part):
    """The part of a transaction that is about problems that are told together."""

    def count_told(self, channel: str, *, since: datetime, most: int) -> int:
        """Return how many problems a channel was told of, or is about to be, after `since`; counting ends at `most`."""
        told = [
            one
            for one in self._read.notifications.values()
            if one.channel == channel and one.created_at > since and one.alert_id is not None and one.status in HEARD
        ]
        return min(len(told), most)

    def open_group(self, key: str) -> Group | None:
        """Return the one open group with this key."""
        return next((group for group in self._read.groups.values() if group.open and group.key == key), None)

    def group(self, group_id: str) -> Group | None:
        """Return the group with exactly this id."""
        return self._read.groups.get(group_id)

    def find_groups(self, prefix: str) -> Sequence[Group]:
        """Return the groups whose id begins with `prefix`, newest first, at most `FOUND`."""
        return self._newest(lambda group: group.id.startswith(prefix))[:FOUND]

    def groups(self, *, after: Position | None = None, limit: int) -> Sequence[Group]:
        """Return groups, newest first by `opened_at`, from the next one after `after` on."""
        return self._newest(lambda group: after is None or (group.opened_at, group.id) < (after.at, after.id))[:limit]

    def _newest(self, wanted: Callable[[Group], bool]) -> list[Group]:
        found = filter(wanted, self._read.groups.values())
        return sorted(found, key=lambda group: (group.opened_at, group.id), reverse=True)

    def save_group(self, group: Group) -> None:
        """Insert or replace a group, unless another with the same key is open."""
        other = self.open_group(group.key)
        if group.open and other and other.id != group.id:
            raise another_group_is_open(group)
        self._write.groups[group.id] = group

    def due_groups(self, now: datetime) -> Sequence[Group]:
        """Return the groups whose next message is due by this time, longest due first."""
        due = sorted((group.due_at, group.id) for group in self._read.groups.values() if group.due_at is not None)
        return [self._read.groups[group_id] for at, group_id in due if at <= now]

    def members(self, group_id: str, *, over: bool = True) -> Sequence[Member]:
        """Return the problems that a group has told or is about to tell, in any order."""
        group = self._read.groups.get(group_id)
        last: dict[str, int] = {}
        for one in self._read.notifications.values():
            if one.group_id == group_id and one.alert_id is not None:
                last[one.alert_id] = max(one.group_seq, last.get(one.alert_id, 0))
        told = group.seq if group is not None else 0
        found = [Member(alert=self._read.alerts[alert_id], news=seq > told) for alert_id, seq in last.items()]
        return [member for member in found if over or member.news or member.alert.open]
