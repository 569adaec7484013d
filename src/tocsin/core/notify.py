"""Who is told, and why or why not: a pure decision with a named reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.core.alert import Alert, Change, State
from tocsin.core.finding import PASSING
from tocsin.core.policy import Policy
from tocsin.core.severity import Severity


class Reason(StrEnum):
    """Why a channel is told something, or why not. Stored with the decision and shown to people as it is."""

    NEW = "new problem"
    KIND_CHANGED = "the problem changed its kind"
    REASON_CHANGED = "the same problem for another reason"
    WORSENED = "the problem got worse"
    FLAPPING = "the problem comes and goes"
    ESCALATED = "nobody has acknowledged it"
    REPEAT = "repeat interval elapsed"
    ACKNOWLEDGED = "acknowledged"
    PUT_OFF = "snoozed"
    SNOOZE_OVER = "the snooze is over"
    RECOVERED = "recovered"
    SILENCE_ENDED = "a silence has ended"
    GROUP = "several problems at once"
    CHANNEL_FAILED = "another channel could not deliver"
    PLAIN_MESSAGE = "a message from your code"
    TEST = "a test message"
    RUN_STARTED = "a run has begun"
    RUN_ENDED = "a run has ended"
    ALERTS_COUNTED = "the number of open alerts has changed"

    ALREADY_TOLD = "not told: told already, and the repeat interval has not elapsed"
    ALREADY_ACKNOWLEDGED = "not told: somebody has acknowledged it"
    SNOOZED = "not told: snoozed"
    SILENCED = "not told: silenced"
    MAINTENANCE = "not told: maintenance"
    ROUTE_MUTED = "not told: the route does not tell at this time"
    STILL_FLAPPING = "not told: it comes and goes, which was told"
    TOO_LOW = "not told: severity is below the least that the route lets through"
    PASSED = "not told: it was told once, and does not go on"
    NEVER_TOLD = "not told: the channel never heard of the problem, so its end is no news"
    NOTHING_NEW = "not told: nothing changed"

    @property
    def tells(self) -> bool:
        """Whether this reason leads to a message."""
        return not self.startswith("not told")

    @property
    def about_run(self) -> bool:
        """Whether it tells of runs, or counts, and not of a problem: only channels that follow runs hear of it."""
        return self in {Reason.RUN_STARTED, Reason.RUN_ENDED, Reason.ALERTS_COUNTED}


@dataclass(frozen=True, kw_only=True)
class Told:
    """The last message about an alert that a channel was given."""

    at: datetime
    seq: int
    #: What it said: see `saying`.
    said: str = ""
    #: The group in whose message it was, or will be; None for a message of its own.
    group_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Muted:
    """What keeps a problem from being told at present."""

    reason: Reason
    #: Which one it is, for people: "silence 3f2a of ann: the warehouse is moved".
    because: str
    #: When to ask again; None where only something new ends it.
    until: datetime | None


#: Somebody takes care of the problem, and who was told of it hears that.
_TAKEN = {Change.ACKNOWLEDGED: Reason.ACKNOWLEDGED, Change.SNOOZED: Reason.PUT_OFF}


_NEWS = {
    Change.KIND_CHANGED: Reason.KIND_CHANGED,
    Change.REASON_CHANGED: Reason.REASON_CHANGED,
    Change.WORSENED: Reason.WORSENED,
}


def saying(alert: Alert) -> str:
    """Return what a message about an alert says, so that a later look can tell whether there is anything to add."""
    return f"{alert.kind}\n{alert.severity}\n{alert.reason_key}"


def should_notify(
    alert: Alert,
    change: Change,
    told: Told | None,
    policy: Policy,
    now: datetime,
    *,
    muted: Muted | None = None,
    escalated: bool = False,
    keeps_open: bool = False,
) -> Reason:
    """Decide whether one channel hears of `change`.

    Args:
        alert: The alert after the change.
        change: What happened to it; NOTHING when only time has passed.
        told: What this channel was told last about this alert, or None.
        policy: The route's wishes.
        now: The present, aware.
        muted: What mutes the problem for this channel. It never mutes its end: who was told of a problem hears
            that it is over, as an incident would otherwise stay open for good.
        escalated: The channel hears only because nobody has acknowledged it.
        keeps_open: The channel keeps it open until it is told of the end, also of what does not go on.
    """
    if change is Change.RESOLVED:
        if told is None:
            return Reason.NEVER_TOLD
        if alert.kind in PASSING and alert.resolved_by is None and not keeps_open:
            return Reason.PASSED
        return Reason.STILL_FLAPPING if alert.flapping else Reason.RECOVERED
    if change in _TAKEN:
        return _TAKEN[change] if told else Reason.NEVER_TOLD
    if not alert.open:
        return Reason.NOTHING_NEW
    if alert.severity.order < policy.least.order:
        return Reason.TOO_LOW
    if muted is not None:
        return muted.reason
    if told is None:
        if escalated:
            return Reason.ESCALATED
        return Reason.FLAPPING if alert.flapping else _NEWS.get(change, Reason.NEW)
    return _news(alert, told) or _again(alert, change, told, policy, now)


def repeats_from(alert: Alert, told: Told) -> datetime:
    """Return from when on the repeat interval counts: what comes and goes has to go on for as long."""
    return max(told.at, alert.opened[-1]) if alert.flapping and alert.opened else told.at


def _again(alert: Alert, change: Change, told: Told, policy: Policy, now: datetime) -> Reason:
    """Return whether a channel hears once more what it knows already."""
    if alert.state is State.ACKNOWLEDGED:
        return Reason.ALREADY_ACKNOWLEDGED
    if alert.snoozed_until is not None and told.at < alert.snoozed_until:
        # What mutes it would have been met above: the snooze is over.
        return Reason.SNOOZE_OVER
    if alert.kind in PASSING:
        return Reason.PASSED
    if now - repeats_from(alert, told) >= policy.repeat_every:
        return Reason.REPEAT
    return Reason.STILL_FLAPPING if change is Change.REOPENED else Reason.ALREADY_TOLD


def _news(alert: Alert, told: Told) -> Reason | None:
    """Return what has changed since the channel was told, be it now or while the problem was muted."""
    kind, severity, reason_key = told.said.split("\n", maxsplit=2)
    if alert.kind != kind:
        return Reason.KIND_CHANGED
    if alert.reason_key != reason_key:
        return Reason.REASON_CHANGED
    return Reason.WORSENED if alert.severity.order > Severity(severity).order else None
