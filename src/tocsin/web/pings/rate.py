"""How often a key may ping. Who has found one in a log must not be able to fill the store."""

from __future__ import annotations

import time
from collections.abc import Callable

from tocsin.web.problem import Problem

#: Pings that may come at once, as at midnight, and how many more each second after that.
MOST_AT_ONCE, A_SECOND = 1_000, 20.0


class Rate:
    """Counts the pings of each key, in this process alone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Count by a clock that returns seconds."""
        self._clock = clock
        #: For each key how many more may come, and when that was so.
        self._left: dict[str, tuple[float, float]] = {}

    def count(self, key_id: str) -> None:
        """Count a ping of a key that exists.

        Raises:
            Problem: 429, there were too many.
        """
        now = self._clock()
        left, since = self._left.get(key_id, (float(MOST_AT_ONCE), now))
        left = min(left + (now - since) * A_SECOND, float(MOST_AT_ONCE))
        if left < 1:
            detail = f"The key pings more than {A_SECOND:g} times a second. Send the same again later."
            raise Problem(429, detail, {"Retry-After": "1"})
        self._left[key_id] = (left - 1, now)
