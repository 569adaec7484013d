"""Runs a command as if nobody stood in between: its streams, its signals and its end are passed on as they are."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self

#: Bytes of each stream that are kept.
_KEPT = 64 * 1024
_PIECE = 64 * 1024
#: Pieces that a pipe may hold when the command has ended; whatever comes later is not the command's.
_FULL_PIPE = 16
#: A terminal sends these to all of its foreground processes by itself.
_FROM_TERMINAL = ("SIGINT", "SIGQUIT")
_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", *_FROM_TERMINAL)


class Stream:
    """One stream of a command: copied at once to where it was going, with its end kept in memory."""

    def __init__(self, target: int) -> None:
        """Take the descriptor that the stream was going to."""
        self._target = target
        self._reads, self.writes = os.pipe()
        self._ended, self._end = os.pipe()
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._copy, name="tocsin-stream", daemon=True)

    @property
    def tail(self) -> str:
        """The end of what was written; bytes that are no UTF-8 are replaced."""
        return bytes(self._kept[-_KEPT:]).decode("utf-8", "replace")

    def start(self) -> None:
        """Begin to copy; from now on only the command holds the other end of the pipe."""
        os.close(self.writes)
        self._thread.start()

    def finish(self) -> None:
        """Copy what the command wrote before it ended.

        What it has left running may go on writing, and a broken pipe would end that: a process stays behind for it.
        """
        os.close(self._end)
        self._thread.join()
        os.close(self._ended)
        if self._reads >= 0:
            self._leave_to_cat()
            os.close(self._reads)

    def _leave_to_cat(self) -> None:
        with contextlib.suppress(OSError):
            subprocess.Popen(
                ["cat"],  # noqa: S607  # wherever it is
                stdin=self._reads,
                stdout=self._target,
                # Who waits for the end of the other stream must not wait for this one.
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _copy(self) -> None:
        after_the_end = 0
        while after_the_end < _FULL_PIPE:
            ready, _, _ = select.select([self._reads, self._ended], [], [])
            after_the_end += self._ended in ready
            if self._reads not in ready:
                return
            piece = os.read(self._reads, _PIECE)
            if not piece or not self._write(piece):
                # Where nobody reads on, the command learns it as it would have without us: by a broken pipe.
                os.close(self._reads)
                self._reads = -1
                return
            self._kept += piece
            if len(self._kept) > 2 * _KEPT:
                del self._kept[:-_KEPT]

    def _write(self, piece: bytes) -> bool:
        """Write all of it; False if nobody reads it any more."""
        left = memoryview(piece)
        while left:
            try:
                left = left[os.write(self._target, left) :]
            except BlockingIOError:
                select.select([], [self._target], [])
            except BrokenPipeError:
                return False
            except OSError:
                # A full disk: what the command says is lost, and the command goes on.
                return True
        return True


class Relay:
    """Runs one command, and passes on to it the signals that come while the `with` block lasts.

    Terminals are inherited, because programs behave otherwise in a pipe (colours, progress, passwords). What goes
    into files and pipes goes through us, so that its end can be told. The command stays in our process group, so that a
    terminal, a shell and a supervisor treat it as they would without us.
    """

    def __init__(self) -> None:
        """Nothing runs before `start`."""
        #: Signals that came so far.
        self.received: set[int] = set()
        self._child: subprocess.Popen[bytes] | None = None
        self._streams: dict[int, Stream] = {}
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Take over the signals; those that are ignored (nohup) stay ignored, here and in the command."""
        for name in _PASSED_ON:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._pass_on)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def start(self, command: Sequence[str]) -> None:
        """Start the command.

        Raises:
            OSError: There is no such command, or it cannot be executed.
        """
        self._streams = _streams()
        ends = {number: stream.writes for number, stream in self._streams.items()}
        # What a shell has opened for the command (3>file) is the command's, so nothing is closed.
        self._child = subprocess.Popen(  # noqa: S603  # to run it is what we were asked for
            command, stdout=ends.get(1), stderr=ends.get(2), close_fds=False
        )
        for stream in set(self._streams.values()):
            stream.start()
        for number in tuple(self.received):
            self._child.send_signal(number)

    def wait(self) -> int:
        """Wait for the end of the command, and return its exit code; a signal that has ended it is negative."""
        assert self._child is not None  # noqa: S101  # said for the type checker
        code = self._child.wait()
        for stream in set(self._streams.values()):
            stream.finish()
        return code

    def tail(self, number: int) -> str:
        """Return the end of what was written to stdout (1) or stderr (2); empty where that is a terminal."""
        return self._streams[number].tail if number in self._streams else ""

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        self.received.add(number)
        by_terminal = signal.Signals(number).name in _FROM_TERMINAL and _in_foreground()
        if self._child is not None and not by_terminal:
            self._child.send_signal(number)


def end_like(code: int) -> NoReturn:
    """End this process as the command has ended: with its exit code, or by the signal that has ended it."""
    if code >= 0:
        sys.exit(code)
    if sys.stdout is not None:
        sys.stdout.flush()
    with contextlib.suppress(Exception):
        import resource

        # The command has left its own core file, if any.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError):
        # SIGKILL needs no default, and has none to set.
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    # The first process of a container survives signals of its own; shells say it like this.
    sys.exit(128 - code)


def _streams() -> dict[int, Stream]:
    """Return the streams that go through us; two that go to the same place share one, which keeps their order."""
    if os.name != "posix":
        return {}
    try:
        for number in range(3):
            os.fstat(number)
    except OSError:
        # With a closed descriptor a pipe would take its number, and the command could not miss it any more.
        return {}
    out, err = ((os.fstat(number).st_dev, os.fstat(number).st_ino) for number in (1, 2))
    streams = {number: Stream(number) for number in (1, 2) if not os.isatty(number) and (number == 1 or out != err)}
    return streams | ({2: streams[1]} if out == err and 1 in streams else {})


def _in_foreground() -> bool:
    try:
        with open("/dev/tty", "rb") as terminal:  # noqa: PTH123  # a device
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
