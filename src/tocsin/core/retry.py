"""What follows when a channel could not hand a message over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.core.outbox import Notification
from tocsin.core.severity import Severity

#: A receiver that was down over a long weekend still gets its messages.
GIVE_UP_AFTER = timedelta(days=4)
#: After so long without success other channels are told as well, while this one is still tried.
FALL_BACK_AFTER = {
    Severity.CRITICAL: timedelta(minutes=5),
    Severity.ERROR: timedelta(minutes=15),
    Severity.WARNING: timedelta(hours=1),
    Severity.INFO: GIVE_UP_AFTER,
}
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 900.0
_LONGEST_ASKED = 3600.0
#: So many failures in a row and the channel rests before anything else is tried on it.
_REST_AFTER = 5


class Next(StrEnum):
    """What is done with the message."""

    RETRY = "retry"
    RETRY_PLAIN = "retry as plain text"
    DISABLE = "disable the channel"
    GIVE_UP = "give up"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The decision about a message that was not accepted."""

    next: Next
    #: When to try again; None where nothing is tried again.
    at: datetime | None = None
    #: Other channels are to be told now.
    fall_back: bool = False


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The facts of a failed attempt that the decision rests on."""

    permanent: bool
    payload: bool = False
    retry_after: float | None = None


def after_refusal(notification: Notification, refusal: Refusal, now: datetime, jitter: float) -> Verdict:
    """Decide what follows a failed attempt.

    Args:
        notification: The message, with this attempt counted.
        refusal: What the channel said.
        now: The present.
        jitter: A random number from 0 to 1, so that many senders do not come back at the same moment.
    """
    age = now - notification.created_at
    if refusal.permanent and refusal.payload:
        if notification.plain:
            return Verdict(next=Next.GIVE_UP, fall_back=True)
        return Verdict(next=Next.RETRY_PLAIN, at=now)
    if refusal.permanent:
        return Verdict(next=Next.DISABLE, fall_back=True)
    if age >= GIVE_UP_AFTER:
        return Verdict(next=Next.GIVE_UP, fall_back=True)
    if refusal.retry_after is not None:
        pause = min(refusal.retry_after, _LONGEST_ASKED)
    else:
        # Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        exponent = min(notification.attempts - 1, 20)
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**exponent) * jitter
    return Verdict(
        next=Next.RETRY,
        at=now + timedelta(seconds=pause),
        fall_back=age >= FALL_BACK_AFTER[notification.severity],
    )


def rest_until(failures_in_a_row: int, now: datetime) -> datetime | None:
    """Return until when a channel rests that failed so often in a row; None while it need not."""
    if failures_in_a_row < _REST_AFTER:
        return None
    return now + timedelta(seconds=min(_LONGEST_PAUSE, 60.0 * 2 ** min(failures_in_a_row - _REST_AFTER, 10)))
