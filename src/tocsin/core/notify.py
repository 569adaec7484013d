"""Who is told, and why or why not: a pure decision with a named reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.core.alert import Alert, Change, State
from tocsin.core.policy import Policy


class Reason(StrEnum):
    """Why a channel is told something, or why not. Stored with the decision and shown to people as it is."""

    NEW = "new problem"
    KIND_CHANGED = "the problem changed its kind"
    REASON_CHANGED = "the same problem for another reason"
    WORSENED = "the problem got worse"
    REPEAT = "repeat interval elapsed"
    ACKNOWLEDGED = "acknowledged"
    RECOVERED = "recovered"
    CHANNEL_FAILED = "another channel could not deliver"
    PLAIN_MESSAGE = "a message from your code"
    #: Only channels that follow runs hear of these; they are no news for anybody else.
    RUN_STARTED = "a run has begun"
    RUN_ENDED = "a run has ended"

    ALREADY_TOLD = "not told: told already, and the repeat interval has not elapsed"
    ALREADY_ACKNOWLEDGED = "not told: somebody has acknowledged it"
    TOO_LOW = "not told: severity is below the least that the route lets through"
    NEVER_TOLD = "not told: the channel never heard of the problem, so its end is no news"
    NOTHING_NEW = "not told: nothing changed"

    @property
    def tells(self) -> bool:
        """Whether this reason leads to a message."""
        return not self.startswith("not told")


@dataclass(frozen=True, kw_only=True)
class Told:
    """The last message about an alert that a channel was given."""

    at: datetime
    seq: int


_NEWS = {
    Change.OPENED: Reason.NEW,
    Change.KIND_CHANGED: Reason.KIND_CHANGED,
    Change.REASON_CHANGED: Reason.REASON_CHANGED,
    Change.WORSENED: Reason.WORSENED,
}


def should_notify(alert: Alert, change: Change, told: Told | None, policy: Policy, now: datetime) -> Reason:
    """Decide whether one channel hears of `change`.

    Args:
        alert: The alert after the change.
        change: What happened to it; NOTHING when only time has passed.
        told: What this channel was told last about this alert, or None.
        policy: The route's wishes.
        now: The present, aware.
    """
    if change is Change.RESOLVED:
        return Reason.RECOVERED if told else Reason.NEVER_TOLD
    if change is Change.ACKNOWLEDGED:
        return Reason.ACKNOWLEDGED if told else Reason.NEVER_TOLD
    if alert.severity.order < policy.least.order:
        return Reason.TOO_LOW
    if told is None:
        return _NEWS.get(change, Reason.NEW) if alert.open else Reason.NOTHING_NEW
    if change in _NEWS:
        return _NEWS[change]
    if alert.state is State.ACKNOWLEDGED:
        return Reason.ALREADY_ACKNOWLEDGED
    if alert.open and now - told.at >= policy.repeat_every:
        return Reason.REPEAT
    return Reason.ALREADY_TOLD if alert.open else Reason.NOTHING_NEW
