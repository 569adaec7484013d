"""Tells the engine that something waits in the spool; waits for it, within a budget, where it is urgent.

With `handover = "spawn"` the engine is a companion: a small process beside the pipeline's own. It is started when
the first run begins and does nothing until it is needed, so that a run that goes well pays for two system calls.
It is warm when a run fails, it goes on sending after the pipeline's process has ended, and it sees at once when
that process was killed. Where no process can be started, the engine runs in this process instead.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from tocsin.capture.process import this_process
from tocsin.capture.quiet import quiet
from tocsin.config.layer import Layer
from tocsin.config.model import Config
from tocsin.core.codec import encode
from tocsin.core.event import Event

#: Events that could not be written to the spool, taken over by the caller.
InHand = Callable[[], list[Event]]

#: The companion begins as a bare interpreter that waits. What it imports then costs a tenth of a second of work, and a
#: run that is over within a second, and went well, should not share its processor with that.
_START = """
import socket, sys, time
line = socket.socket(fileno=int(sys.argv[2]))
until = time.monotonic() + 1
while time.monotonic() < until:
    said = line.recv(1 << 20, socket.MSG_PEEK)
    if not said or said.count(b"\\n") > 1:
        break
    time.sleep(0.02)
import site
site.main()
sys.path.append(sys.argv[1])
from tocsin.engine.companion import main
main(line, int(sys.argv[3]))
"""
#: A user's program may have set SIGPIPE to end it; a companion that has gone must not do that.
_NO_SIGPIPE: int = getattr(socket, "MSG_NOSIGNAL", 0)
#: The shell ends at once and leaves the companion to init: it is no child of the pipeline's process, which may
#: wait for children of its own with os.wait().
_DETACH = 'nice -n 19 "$@" <&0 &'


#: Begins a line in which the companion tells what is wrong with the channels or the server, which only it knows.
COMPLAINT = "!"
#: The longest time in seconds between two signs of life that a server gets.
_TELL_EVERY = 10.0
#: Seconds that a fork waits for a server at most.
_LONGEST_PAUSE = 1.0
_log = logging.getLogger("tocsin")


class Companion:
    """The pipeline's end of the line to its companion process."""

    def __init__(self, layers: Sequence[Layer], home: Path) -> None:
        """Keep what the companion has to know; secrets go through the line and never through files or arguments."""
        self._layers = layers
        self._home = home
        self._line: socket.socket | None = None
        self._lock = threading.Lock()
        self._calls = 0
        self._unfinished = b""

    def start(self) -> bool:
        """Start the process unless it runs; False if that is not possible here."""
        with self._lock:
            if self._line is not None and self._alive(self._line):
                return True
            self.close()
            self._line = self._spawn()
            return self._line is not None

    def call(self, *, wait: float) -> bool:
        """Tell that something urgent waits in the spool, and wait at most `wait` seconds until it is handled.

        Returns:
            False if nobody is there to hear it; True also where the answer did not come in time.
        """
        with self._lock:
            if self._line is None:
                return False
            self._calls += 1
            try:
                self._line.sendall(b"%d\n" % self._calls, _NO_SIGPIPE)
            except OSError:
                return False
            return self._answered(self._line, f"{self._calls}", wait)

    def listen(self) -> None:
        """Log what the companion has found wrong so far, without waiting for it."""
        with self._lock:
            if self._line is not None:
                self._heard(self._line, wait=0)

    def close(self) -> None:
        """Let the companion go; it finishes its work by itself."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def forget(self) -> None:
        """Start afresh in a forked child: the line is the parent's, and another thread may have held the lock."""
        self._lock = threading.Lock()
        self.close()

    def _spawn(self) -> socket.socket | None:
        if os.name != "posix" or not sys.executable or getattr(sys, "frozen", False):
            return None
        ours, theirs = socket.socketpair()
        ourselves = _descriptor_of_this_process()
        passed = [theirs.fileno(), *([ourselves] if ourselves >= 0 else [])]
        try:
            package_parent = str(Path(__file__).parents[2])
            subprocess.run(  # noqa: S603  # fixed words, no shell text from outside
                [
                    "/bin/sh",
                    "-c",
                    _DETACH,
                    "tocsin",
                    sys.executable,
                    # Files of the user's in the working directory must not take the place of modules.
                    "-P",
                    "-S",
                    "-c",
                    _START,
                    package_parent,
                    str(theirs.fileno()),
                    str(ourselves),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=passed,
                start_new_session=True,
                check=True,
                timeout=5,
            )
            hello = {
                "layers": [encode(layer) for layer in self._layers],
                "home": str(self._home),
                "process": encode(this_process()),
            }
            ours.sendall(json.dumps(hello).encode() + b"\n", _NO_SIGPIPE)
        except (OSError, subprocess.SubprocessError):
            ours.close()
            return None
        finally:
            theirs.close()
            if ourselves >= 0:
                os.close(ourselves)
        return ours

    @staticmethod
    def _alive(line: socket.socket) -> bool:
        """Whether the other end still holds the line: a readable line without a byte has been closed."""
        with contextlib.suppress(OSError):
            readable, _, _ = select.select([line], [], [], 0)
            return not readable or bool(line.recv(1, socket.MSG_PEEK))
        return False

    def _answered(self, line: socket.socket, call: str, wait: float) -> bool:
        """Wait until the companion has said the number of the call; those of earlier calls come before it."""
        until = time.monotonic() + wait
        while (left := until - time.monotonic()) > 0:
            heard = self._heard(line, wait=left)
            if heard is None:
                return False
            if call in heard:
                return True
        return True

    def _heard(self, line: socket.socket, *, wait: float) -> list[str] | None:
        """Return what the companion says within `wait` seconds, None if it is gone; its complaints are logged."""
        try:
            if not select.select([line], [], [], wait)[0]:
                return []
            said = line.recv(65536)
        except OSError:
            return None
        if not said:
            return None
        *lines, self._unfinished = (self._unfinished + said).split(b"\n")
        heard = [text.decode("utf-8", "replace") for text in lines]
        for complaint in heard:
            if complaint.startswith(COMPLAINT):
                _log.warning("%s", complaint.removeprefix(COMPLAINT))
        return heard


def _descriptor_of_this_process() -> int:
    """Return a descriptor that tells the companion how this process ended, however soon; -1 if there is none."""
    try:
        return os.pidfd_open(os.getpid())
    except (AttributeError, OSError):
        return -1


class Handover:
    """One way for all: hand over what waits in the spool, in the mode that is configured."""

    def __init__(self, config: Config, companion: Companion, in_hand: InHand) -> None:
        """Take the configured mode and the longest wait; `in_hand` returns what the spool did not take."""
        self._config = config
        self._mode = config.handover
        self._budget = config.budget
        self._companion = companion
        self._in_hand = in_hand
        #: Whether nobody but this process handles what it reports.
        self._alone = False
        self._sender: threading.Thread | None = None
        self._next_sign = 0.0

    def begin(self) -> None:
        """Prepare for the end of a run that begins now."""
        started = self._mode == "spawn" and self._companion.start()
        self._alone = self._mode == "inline" or (self._mode == "spawn" and not started)

    @quiet
    def keep_alive(self) -> None:
        """Tell a server now and then that runs go on, where no other process does: it knows nothing but what it hears.

        To be called with each sign of life. It takes a thread of its own, because those must not wait for a server.
        """
        if self._config.server is None or not self._alone or time.monotonic() < self._next_sign:
            return
        if self._sender is None or not self._sender.is_alive():
            self._next_sign = time.monotonic() + min(_TELL_EVERY, self._config.died_after.total_seconds() / 3)
            self._sender = threading.Thread(
                target=self._run_engine, args=(timedelta(0),), name="tocsin-uplink", daemon=True
            )
            # An interpreter that shuts down starts no threads any more.
            with contextlib.suppress(RuntimeError):
                self._sender.start()

    def pause(self) -> None:
        """Wait for what `keep_alive` has begun before this process forks: see `Heartbeat.pause`."""
        if self._sender is not None and self._sender.is_alive():
            self._sender.join(_LONGEST_PAUSE)

    def finish(self, *, urgent: bool, in_hand: bool = False) -> None:
        """Hand over.

        Args:
            urgent: Wait, so that it is told before the process can end.
            in_hand: Something could not be written to the spool, so only this process can tell it.
        """
        # Good news can wait: the companion looks into the spool by itself, and when this process has ended.
        wanted = {"spawn": urgent, "inline": True, "none": False}[self._mode]
        budget = self._budget.total_seconds()
        if in_hand or (wanted and not (self._mode == "spawn" and self._companion.call(wait=budget))):
            self._run_inline(urgent=urgent)
        elif not wanted:
            self._companion.listen()

    def _run_inline(self, *, urgent: bool) -> None:
        """Run the engine in a thread, so that a disk or a look-up that hangs cannot hold the pipeline any longer."""
        # What is urgent is tried again within the budget, because nobody else may come by for a long time.
        patience = self._budget if urgent else timedelta(0)
        thread = threading.Thread(target=self._run_engine, args=(patience,), name="tocsin-engine", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # An interpreter that shuts down starts no threads any more.
            self._run_engine(patience)
        else:
            thread.join(self._budget.total_seconds())

    @quiet
    def _run_engine(self, patience: timedelta) -> None:
        if threading.current_thread() is not threading.main_thread() and hasattr(signal, "pthread_sigmask"):
            # As above: a receiver that hangs up must not end a program that has set SIGPIPE to do so.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
        # The engine lies above this part of the house and is imported by name, as the companion is started by name.
        handlers = importlib.import_module("tocsin.engine.handlers")
        with contextlib.closing(handlers.open_handler(self._config, process=this_process())) as handler:
            handler.run(self._in_hand(), patience=patience, budget=self._budget)

    def forget(self) -> None:
        """Start afresh in a forked child: the companion and the threads are the parent's."""
        self._companion.forget()
        self._alone, self._sender = False, None
