"""Silences: what people mute for a while, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from tocsin.core.labels import Labels
from tocsin.core.matchers import Matcher

#: Names that have nothing in common: a pattern that fits each of them fits every name.
_UNLIKE = ("x", "7", "Ä b-c_d.e/f")


class State(StrEnum):
    """Where a silence is in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Problems that fulfil every matcher are not told from `starts_at` until `over_at`."""

    id: str
    #: None of them: everything is muted.
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    #: Exclusive.
    ends_at: datetime
    reason: str
    author: str
    created_at: datetime
    #: Who ended it before its time, and when.
    ended_by: str | None = None
    ended_at: datetime | None = None
    #: When the engine noticed its end and said which problems are still open.
    closed_at: datetime | None = None

    @property
    def over_at(self) -> datetime:
        """From when on it mutes nothing."""
        return self.ends_at if self.ended_at is None else min(self.ended_at, self.ends_at)

    def state(self, now: datetime) -> State:
        """Return where it is in its life."""
        if now >= self.over_at:
            return State.EXPIRED
        return State.PENDING if now < self.starts_at else State.ACTIVE

    def fits(self, labels: Labels) -> bool:
        """Whether it mutes what has these labels while it is active."""
        return all(matcher.matches(labels) for matcher in self.matchers)


def silenced_by(labels: Labels, silences: Iterable[Silence], now: datetime) -> Silence | None:
    """Return the silence that mutes what has these labels; of several the one that lasts longest."""
    muting = [silence for silence in silences if silence.state(now) is State.ACTIVE and silence.fits(labels)]
    return max(muting, key=lambda silence: silence.over_at, default=None)


def end_early(silence: Silence, *, by: str, now: datetime) -> Silence:
    """Return the silence as ended by somebody; one that is over stays as it is."""
    return silence if silence.state(now) is State.EXPIRED else replace(silence, ended_by=by, ended_at=now)


def check_silence(
    matchers: Sequence[Matcher],
    *,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    reason: str,
    everything: bool = False,
) -> None:
    """Refuse a silence that cannot be meant.

    Args:
        matchers: What it mutes.
        starts_at: When it begins.
        ends_at: When it ends.
        now: The present, aware.
        reason: Why.
        everything: Whether somebody has said that all alerts shall be muted.

    Raises:
        ValueError: It ends before it starts or has ended already, gives no reason, or mutes everything although
            nobody has said so.
    """
    if ends_at <= starts_at:
        raise ValueError(
            f"the silence would end at {ends_at.isoformat()}, before it starts at {starts_at.isoformat()}; "
            "write for example --for 2h, or a later --until"
        )
    if ends_at <= now:
        raise ValueError(
            f"the silence would have ended already, at {ends_at.isoformat()}; write for example --for 2h, "
            "or a later --until"
        )
    if not reason.strip():
        raise ValueError('a silence needs a reason; write for example --reason "the warehouse is moved"')
    if mutes_everything(matchers) and not everything:
        raise ValueError(
            f"the silence would mute everything: {no_limit(matchers)}; write for example 'pipeline=\"orders\"', "
            "or --everything if that is meant"
        )


def mutes_everything(matchers: Sequence[Matcher]) -> bool:
    """Whether no matcher leaves out any value, other than none at all."""
    return not any(map(_narrows, matchers))


def no_limit(matchers: Sequence[Matcher]) -> str:
    """Return why matchers mute everything, in words."""
    return f"{', '.join(map(str, matchers))} matches every alert" if matchers else "no condition is given"


def _narrows(matcher: Matcher) -> bool:
    match matcher.operator:
        case "=":
            return True
        case "=~":
            return not all(matcher.matches({matcher.label: name}) for name in _UNLIKE)
    return matcher.value != ""
