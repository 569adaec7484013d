"""Ends that dlt does not tell: a termination signal, an exception outside of a run, the end of the process."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from types import FrameType, TracebackType

#: Programs that only inspect pipelines, or run tests of them: their own errors are no failures of a pipeline.
_TOOLS = {"dlt", "dlthub", "tocsin", "pytest"}
#: Marks an exception that has been told. The mark travels with it through re-raising, wrapping and pickling.
_MARK = "_tocsin_told"


class Sigterm:
    """Tells that SIGTERM came, and then lets happen what would have happened without us.

    With the default action the process ends by the signal at once, so this is the last chance to say so. A handler of
    the user's or of the orchestrator's is called and decides.
    """

    def __init__(self, received: Callable[[], None], ending: Callable[[], None]) -> None:
        """Take what to call.

        Args:
            received: Called first, each time.
            ending: Called where the default action ends the process next.
        """
        self._received = received
        self._ending = ending
        self._previous: Callable[[int, FrameType | None], object] | int | None = None
        self._held = 0
        self._pending = False
        self._aside = False

    def install(self) -> bool:
        """Listen from now on; False where that is not possible, not needed, or done already.

        Python allows signal handlers in the main thread only. The kernel keeps SIGTERM's default action away from
        process 1, which therefore does not end by it.
        """
        if threading.current_thread() is not threading.main_thread() or os.getpid() == 1:
            return False
        previous = signal.getsignal(signal.SIGTERM)
        # None is a handler that was not set by Python and cannot be called from it.
        if previous is None or previous in {self._handle, signal.SIG_IGN}:
            return False
        self._previous = previous
        signal.signal(signal.SIGTERM, self._handle)
        return True

    def restore(self) -> None:
        """Stop listening, unless somebody else has taken the place."""
        if signal.getsignal(signal.SIGTERM) == self._handle:
            signal.signal(signal.SIGTERM, self._previous)

    def before_fork(self) -> None:
        """Step aside, so that the child starts with the action that it would have without us.

        Python drops signals for its handlers that reach a child in its first moments, and a pool that terminates its
        worker then would wait for it forever.
        """
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == self._handle:
            self.restore()
            self._aside = True

    def after_fork_in_parent(self) -> None:
        """Step back into the place."""
        if self._aside:
            self._aside = False
            signal.signal(signal.SIGTERM, self._handle)

    def after_fork_in_child(self) -> None:
        """Leave the child alone, also where a thread has forked, which cannot change handlers before."""
        self._aside = self._pending = False
        self._held = 0
        self.restore()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Put a signal off until the end of the block: its handling must not meet our own work half done."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if self._pending and not self._held:
                self._pending = False
                self._handle(signal.SIGTERM, sys._getframe())  # noqa: SLF001  # what a handler gets from Python

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._held:
            self._pending = True
            return
        self._received()
        if callable(self._previous):
            self._previous(number, frame)
            return
        self._ending()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)


class ProcessEnd:
    """Tells how a process ended that touched dlt: by an exception that reached the top, or cleanly."""

    def __init__(self, failed: Callable[[BaseException], None], ended: Callable[[], None]) -> None:
        """Take what to call.

        Args:
            failed: Called after the user's own hook has shown the exception.
            ended: Called at the end of a process that did not end by an exception.
        """
        self._failed = failed
        self._ended = ended
        self._show = sys.excepthook
        self._broken = False
        self._pid = os.getpid()

    def watch(self) -> None:
        """Watch from now on."""
        self._show, sys.excepthook = sys.excepthook, self._hook
        atexit.register(self._at_exit)

    def _hook(self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        try:
            self._show(kind, error, traceback)
        finally:
            if not hasattr(sys, "ps1"):
                self._broken = True
                self._failed(error)

    def _at_exit(self) -> None:
        # A forked child inherits the registration, but its runs are its own and most children skip this anyway.
        if not self._broken and self._pid == os.getpid():
            self._ended()


def is_tool() -> bool:
    """Whether the process is the command line of dlt, Tocsin or pytest."""
    main = sys.modules.get("__main__")
    module = getattr(getattr(main, "__spec__", None), "name", "")
    return not _TOOLS.isdisjoint({module.partition(".")[0], PurePath(sys.argv[0] if sys.argv else "").stem})


def mark_told(error: BaseException) -> None:
    """Remember that `error` has been reported."""
    try:
        setattr(error, _MARK, True)
    except Exception:  # noqa: BLE001  # an exception whose class refuses attributes is told twice at worst
        return


def was_told(error: BaseException) -> bool:
    """Whether `error`, or one that led to it, has been reported; links that Python does not show are followed too."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        each = todo.pop()
        if each is None or id(each) in seen:
            continue
        if getattr(each, _MARK, False):
            return True
        seen.add(id(each))
        todo += [each.__cause__, each.__context__]
    return False
