"""Problems that are told together: held until their group is due, and then told in one message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from tocsin.core.alert import Alert, Change
from tocsin.core.compose import compose
from tocsin.core.digest import digest
from tocsin.core.finding import Topic, Trait
from tocsin.core.group import STORM, Group, Member, group_key, hold, is_storm, told
from tocsin.core.labels import Labels
from tocsin.core.notify import Reason, Told
from tocsin.core.outbox import HEARD, Notification
from tocsin.engine.action_links import add_links
from tocsin.engine.engine import Engine
from tocsin.engine.keys import key_of
from tocsin.engine.surroundings import Changed, surroundings
from tocsin.engine.ways import Way, usable
from tocsin.store.protocol import Transaction


class Holder:
    """Decides within one transaction what is held for a group."""

    def __init__(self, engine: Engine, tx: Transaction, now: datetime) -> None:
        """Look at the store as it is in this transaction."""
        self._engine = engine
        self._tx = tx
        self._now = now
        self._expected: Counter[tuple[str, str]] = Counter()
        self._recent: dict[tuple[str, int], int] = {}
        self._groups: dict[str, Group | None] = {}
        self._changed: dict[str, Group] = {}

    def expect(self, told_first: Iterable[tuple[str, Way]]) -> None:
        """Take note of all problems that are about to be told for the first time: many at once are a storm."""
        self._expected.update((channel, way.route) for channel, way in told_first)

    def group_for(self, alert: Alert, labels: Labels, channel: str, way: Way, told: Told | None) -> Group | None:
        """Return the group that tells of an alert, or None where it is told by itself.

        A problem stays with the way in which it was told first: its thread or incident has to end where it began.
        """
        if not self._engine.channels[channel].channel.grouped:
            return None
        if told is not None:
            group = self._tx.group(told.group_id) if told.group_id is not None else None
            if group is None or not group.open:
                return None
            return self._hold(self._groups.get(group.key) or group, way)
        wanted = {name: _text(labels.get(name, "")) for name in way.policy.group_by}
        key = group_key(channel, way.route, wanted)
        if key not in self._groups:
            self._groups[key] = self._tx.open_group(key)
        group = self._groups[key]
        collecting = group is not None and group.due_at is not None
        if not collecting and not self._is_storm(channel, way):
            return None
        if group is None:
            group = Group(
                id=key_of(key, alert.id, str(alert.seq)),
                channel=channel,
                route=way.route,
                labels=wanted,
                opened_at=self._now,
            )
        return self._hold(group, way)

    def save(self) -> None:
        """Write the groups that have more to tell."""
        for group in self._changed.values():
            self._tx.save_group(group)

    def _hold(self, group: Group, way: Way) -> Group:
        held = hold(group, way.policy, self._now)
        self._groups[held.key] = self._changed[held.id] = held
        return held

    def _is_storm(self, channel: str, way: Way) -> bool:
        asked = channel, way.policy.group_above + 1
        if asked not in self._recent:
            self._recent[asked] = self._tx.count_told(channel, since=self._now - STORM, most=asked[1])
        return is_storm(self._recent[asked], self._expected[channel, way.route], way.policy)


def tell_groups(engine: Engine, *, at_once: bool = False) -> None:
    """Make the messages of the groups that are due.

    Args:
        engine: Whose groups to tell.
        at_once: Also those that would wait for more: nobody may be there to tell them later.

    Raises:
        StoreError: The store cannot be read or written; what was not told is so the next time.
    """
    until = datetime.max.replace(tzinfo=engine.clock().tzinfo) if at_once else engine.clock()
    with engine.store.reading() as tx:
        due = tx.due_groups(until)
    for each in due:
        with engine.store.writing() as tx:
            group = tx.group(each.id)
            # Another engine may have told it meanwhile.
            if group is not None and group.due_at is not None and group.due_at <= until:
                _tell(engine, tx, group)


def _tell(engine: Engine, tx: Transaction, group: Group) -> None:
    now = engine.clock()
    members = tx.members(group.id, over=False)
    if len(members) == 1 and group.seq == 0:
        _tell_alone(engine, tx, group, members[0], now)
        return
    after = told(group, now, over=not any(member.alert.open for member in members))
    message = digest(group, _blamed(engine, members), now)
    for channel in (group.channel, *(() if after.open else _stand_ins(engine, tx, group))):
        tx.add_notification(
            Notification(
                id=key_of(group.id, str(after.seq), *([channel] if channel != group.channel else [])),
                channel=channel,
                reason=Reason.GROUP,
                message=message,
                created_at=now,
                due_at=now,
                severity=message.severity,
                alert_id=group.id,
                seq=after.seq,
            )
        )
    tx.save_group(after)


def _stand_ins(engine: Engine, tx: Transaction, group: Group) -> list[str]:
    """Return the channels that were told of a group instead of its own, and have to hear of its end."""
    heard = {
        one.channel
        for one in tx.notifications(alert_id=group.id, limit=1000)
        if one.status in HEARD and one.channel != group.channel
    }
    return usable(engine, None, sorted(heard))


def _tell_alone(engine: Engine, tx: Transaction, group: Group, member: Member, now: datetime) -> None:
    """Tell a problem by itself that waited for others in vain."""
    alert = member.alert
    held = max(
        (one for one in tx.notifications(alert_id=alert.id, channel=group.channel) if one.group_id == group.id),
        key=lambda one: one.seq,
    )
    around = surroundings(engine, tx, Changed(alert=alert, change=Change.NOTHING))
    tx.add_notification(
        Notification(
            id=key_of(held.id, "alone"),
            channel=group.channel,
            reason=held.reason,
            message=add_links(engine, tx, compose(alert, held.reason, around), alert, group.channel),
            created_at=now,
            due_at=now,
            severity=alert.severity,
            alert_id=alert.id,
            seq=held.seq,
            said=held.said,
        )
    )
    tx.save_group(told(group, now, over=True))


def _blamed(engine: Engine, members: Sequence[Member]) -> list[Member]:
    """Return the members, with the first of their upstreams that is in trouble itself."""
    troubled = {member.alert.subject for member in members if member.alert.topic is Topic.DELIVERY}

    def root(name: str) -> str:
        upstream = next((one for one in engine.graph.upstreams.get(name, ()) if one in troubled), None)
        return name if upstream is None else root(upstream)

    def blamed(member: Member) -> Member:
        subject = member.alert.subject
        first = root(subject) if member.alert.topic is Topic.DELIVERY else subject
        if first == subject:
            return member
        traits = {**member.alert.traits, Trait.UPSTREAM.value: first}
        return replace(member, alert=replace(member.alert, traits=traits))

    return [blamed(member) for member in members]


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ",".join(value)
