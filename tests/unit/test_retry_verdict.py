"""What follows when a message was not accepted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from made import at
from tocsin.core.notify import Reason
from tocsin.core.outbox import Notification
from tocsin.core.retry import GIVE_UP_AFTER, Next, Refusal, after_refusal, rest_until
from tocsin.core.severity import Severity


def _notification(**changes: Any) -> Notification:
    values: dict[str, Any] = {
        "id": "n1",
        "channel": "ops",
        "reason": Reason.NEW,
        "message": None,
        "created_at": at(0),
        "due_at": at(0),
        "attempts": 1,
        "severity": Severity.ERROR,
    }
    return Notification(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "refusal", "minutes", "next_", "falls_back"),
    [
        # A server that has a bad moment is asked again.
        ({}, Refusal(permanent=False), 0, Next.RETRY, False),
        # A message that is refused goes out once more as plain text, and is then given up.
        ({}, Refusal(permanent=True, payload=True), 0, Next.RETRY_PLAIN, False),
        ({"plain": True}, Refusal(permanent=True, payload=True), 0, Next.GIVE_UP, True),
        # A webhook that is gone stays gone.
        ({}, Refusal(permanent=True), 0, Next.DISABLE, True),
        # After a while others are told as well, and this channel is still tried.
        ({}, Refusal(permanent=False), 16, Next.RETRY, True),
        ({"severity": Severity.CRITICAL}, Refusal(permanent=False), 6, Next.RETRY, True),
        ({"severity": Severity.WARNING}, Refusal(permanent=False), 16, Next.RETRY, False),
        # A day without the receiver is no reason to give up.
        ({}, Refusal(permanent=False), 24 * 60, Next.RETRY, True),
        ({}, Refusal(permanent=False), GIVE_UP_AFTER.total_seconds() / 60, Next.GIVE_UP, True),
    ],
)
def test_each_refusal_has_its_verdict(
    changes: dict[str, Any], refusal: Refusal, minutes: float, next_: Next, *, falls_back: bool
) -> None:
    """Who refused, and for how long, decides; the text of the error does not."""
    verdict = after_refusal(_notification(**changes), refusal, at(minutes), jitter=0.5)

    assert (verdict.next, verdict.fall_back) == (next_, falls_back)


def test_pauses_double_up_to_a_quarter_of_an_hour() -> None:
    """Full jitter over an exponential pause: many senders neither hurry nor come together."""
    pauses = [
        after_refusal(_notification(attempts=n), Refusal(permanent=False), at(0), jitter=1.0).at for n in (1, 2, 3, 50)
    ]

    assert pauses == [at(0) + timedelta(seconds=s) for s in (1, 2, 4, 900)]
    assert after_refusal(_notification(), Refusal(permanent=False), at(0), jitter=0.0).at == at(0)


def test_retry_after_is_honoured_and_clamped() -> None:
    """A receiver that says when is believed, up to an hour."""
    asked = Refusal(permanent=False, retry_after=30)
    absurd = Refusal(permanent=False, retry_after=1e9)

    assert after_refusal(_notification(), asked, at(0), jitter=1.0).at == at(0.5)
    assert after_refusal(_notification(), absurd, at(0), jitter=1.0).at == at(60)


def test_a_channel_rests_after_five_failures_in_a_row() -> None:
    """A receiver that is down is not asked for each of a thousand messages."""
    assert rest_until(4, at(0)) is None
    assert [rest_until(n, at(0)) for n in (5, 6, 100)] == [at(1), at(2), at(15)]
