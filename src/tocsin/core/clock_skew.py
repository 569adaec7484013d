"""By how much one clock is ahead of another, found out as NTP does it: from one question and its answer.

The answer was written at some time between the question and its arrival. Taken for the middle, it is wrong by at most
half of that time (RFC 5905, section 8), however slow or frozen the other side was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

#: Two clocks of computers drift apart by up to this share of the time that passes (RFC 5905 assumes 15e-6).
_DRIFT = 100e-6
_NONE = timedelta(0)
#: The smallest step of a clock here, by which half of a time may be rounded.
_STEP = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class ClockEstimate:
    """One measurement."""

    #: By how much our clock is ahead of the other; negative where it is behind.
    ahead: timedelta
    #: The most by which `ahead` can be wrong.
    error: timedelta
    #: When it was measured, by our clock.
    at: datetime

    def error_at(self, now: datetime) -> timedelta:
        """Return the most by which it can be wrong by now: clocks drift."""
        return self.error + abs(now - self.at) * _DRIFT

    def correction(self, now: datetime) -> timedelta:
        """Return by how much our clock is ahead, zero where that may as well be an error of the measurement."""
        return self.ahead if abs(self.ahead) > self.error_at(now) else _NONE


def measure(*, sent: datetime, took: timedelta, answered: datetime) -> ClockEstimate:
    """Return what one question tells.

    Args:
        sent: When the question was sent, by our clock.
        took: How long it took until the answer had come, by a clock that nobody moves.
        answered: The time in the answer, by the other's clock.
    """
    return ClockEstimate(ahead=sent + took / 2 - answered, error=took / 2 + _STEP, at=sent + took)


def better(known: ClockEstimate | None, new: ClockEstimate) -> ClockEstimate:
    """Return the estimate to go by: the more exact one, or the newer one where a clock was moved in between."""
    if known is None or known.at > new.at:
        return new
    error = known.error_at(new.at)
    moved = abs(new.ahead - known.ahead) > new.error + error
    return new if moved or new.error <= error else known
