"""What wakes an engine that works in a thread."""

from __future__ import annotations

import threading


class Bell:
    """Ends a pause when something is to be looked at, or when it is time to end; other threads ring it.

    It stands in for `Signals`, which only the main thread gets.
    """

    def __init__(self) -> None:
        """Nobody has rung yet."""
        self.ending = False
        self._rung = 0
        self._ringing = threading.Event()

    def ring(self) -> None:
        """Say that there is something to look at."""
        self._rung += 1
        self._ringing.set()

    def rung(self) -> int:
        """Return a number that has changed where somebody has rung meanwhile."""
        return self._rung

    def end(self) -> None:
        """Say that it is time to end."""
        self.ending = True
        self._ringing.set()

    def pause(self, seconds: float) -> None:
        """Wait so many seconds, or until somebody rings, or has rung since the last pause."""
        self._ringing.wait(max(seconds, 0))
        self._ringing.clear()
