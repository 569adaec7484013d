"""Problems that are told together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tocsin.core.alert import Alert
from tocsin.core.policy import Policy

#: Within this time problems count towards a storm.
STORM = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Problems on one channel that come as one message, which is told anew when something happens to one of them.

    A problem that was told in a group stays in it to its end. The group is over when all of them are.
    """

    id: str
    channel: str
    #: Name of the route that the problems took.
    route: str
    #: The labels in which they agree; empty for a storm.
    labels: Mapping[str, str] = field(default_factory=dict)
    opened_at: datetime
    #: When its last message was made.
    told_at: datetime | None = None
    #: When its next message is to be made; None while there is nothing to tell.
    due_at: datetime | None = None
    #: The number of its last message.
    seq: int = 0
    open: bool = True

    @property
    def key(self) -> str:
        """What it shares with no other open group."""
        return group_key(self.channel, self.route, self.labels)


@dataclass(frozen=True, kw_only=True)
class Member:
    """A problem of a group."""

    alert: Alert
    #: Whether the coming message is the first to tell what has happened to it.
    news: bool


def group_key(channel: str, route: str, labels: Mapping[str, str]) -> str:
    """Return the identity of a group among the open ones; a changed configuration of the route does not change it."""
    return "\0".join([channel, route, *(f"{label}={value}" for label, value in sorted(labels.items()))])


def is_storm(recent: int, new: int, policy: Policy) -> bool:
    """Whether so many new problems, after so many within the last minute, are told together."""
    return bool(policy.group_by) or recent + new > policy.group_above


def hold(group: Group, policy: Policy, now: datetime) -> Group:
    """Return the group with something more to tell: soon after the first, and not too often."""
    if group.due_at is not None:
        return group
    if group.told_at is None:
        return replace(group, due_at=now + policy.group_wait)
    return replace(group, due_at=max(now, group.told_at + policy.group_interval))


def told(group: Group, now: datetime, *, over: bool) -> Group:
    """Return the group after its message was made."""
    return replace(group, told_at=now, due_at=None, seq=group.seq + 1, open=not over)
