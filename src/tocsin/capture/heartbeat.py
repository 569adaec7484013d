"""Signs of life of the runs of this process, from a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

#: Seconds that a fork waits for a disk that hangs.
_LONGEST_BEAT = 1.0


class Heartbeat:
    """Calls `beat` every few seconds while it is wanted.

    One daemon thread serves all runs of the process: it is there although the pipeline's thread is busy, and it
    is gone with the process, which is what a heartbeat is for.
    """

    def __init__(
        self, beat: Callable[[], bool], warm_up: Callable[[], object], *, first: float = 1.0, every: float = 5.0
    ) -> None:
        """Take the functions to call.

        Args:
            beat: Writes the signs of life; returns False when there is nothing left to report, which ends the thread.
            warm_up: Called after the first sign of life: makes ready what the failure of a run will need.
            first: Seconds until the first call. A run that is over before does without all of it.
            every: Seconds between two calls.
        """
        self._beat = beat
        self._warm_up = warm_up
        self._first = first
        self._every = every
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()

    def ensure(self) -> None:
        """Start the thread unless it runs."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tocsin-heartbeat", daemon=True)
                self._thread.start()

    def pause(self) -> None:
        """End the thread before this process forks.

        Python 3.12 and newer warn of a fork with threads, and whoever turns warnings into errors would fail by ours.
        """
        if self._thread is not None:
            self._wake.set()
            self._thread.join(_LONGEST_BEAT)

    def resume(self) -> None:
        """Go on after the fork, if there was something to report."""
        self._wake.clear()
        if self._thread is not None and not self._thread.is_alive():
            self._thread = None
            self.ensure()

    def _run(self) -> None:
        first, pause = True, self._first
        while not self._wake.wait(pause):
            with self._lock:
                # Decided under the lock: a run that begins now either is seen here or starts a new thread.
                if not self._beat():
                    self._thread = None
                    return
            if first:
                first, pause = False, self._every
                self._warm_up()
