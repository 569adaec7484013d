"""Signals that end a pause instead of the process."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import sys
from types import FrameType, TracebackType
from typing import Any, Self

_ENDING = [signal.SIGTERM, signal.SIGINT]
_RELOADING: list[signal.Signals] = [signal.SIGHUP] if hasattr(signal, "SIGHUP") else []


class Signals:
    """Takes SIGTERM and SIGINT as the wish to end, and SIGHUP as the wish to read the configuration again.

    In a terminal SIGHUP means that it was closed, and ends too. A second SIGINT ends the process at once.

    The pause is a `select` on a line that the kernel writes to: a lock, as in `threading.Event`, may be held by the
    very line of code that a handler interrupts.
    """

    def __init__(self) -> None:
        """Nothing is listened to before the `with` block."""
        self.ending = False
        self.reloading = False
        self._ours, self._theirs = socket.socketpair()
        self._before: dict[signal.Signals, Any] = {}
        self._wakeup = -1
        # Asked now: one that was closed is no terminal any more.
        self._in_terminal = sys.stdin is not None and sys.stdin.isatty()

    def __enter__(self) -> Self:
        """Listen; only the main thread can."""
        self._ours.settimeout(0)
        self._theirs.settimeout(0)
        self._wakeup = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        for number in (*_ENDING, *_RELOADING):
            self._before[number] = signal.signal(number, self._received)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._ours.close()
        self._theirs.close()

    def pause(self, seconds: float) -> None:
        """Wait so many seconds of the monotonic clock, or until a signal comes."""
        if self.ending:
            return
        select.select([self._ours], [], [], max(seconds, 0))
        with contextlib.suppress(BlockingIOError):
            self._ours.recv(4096)

    def _received(self, number: int, _frame: FrameType | None) -> None:
        self.reloading = number in _RELOADING and not self._in_terminal
        self.ending = True
        if number == signal.SIGINT:
            signal.signal(number, signal.SIG_DFL)
