"""The process beside a pipeline's process: it does the engine's work there.

It reads its first line, `{"layers": …, "home": …, "process": …}`, from the socket that it inherited. Every further
line is a number: a call to look into the spool, answered by the same number when the work is done. When the
pipeline's process has ended it looks a last time, tells runs that died, goes on for a while trying what could not be
sent, deletes what is old if nobody has today, and ends.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.capture.handover import COMPLAINT
from tocsin.capture.process import is_gone
from tocsin.core.codec import decode
from tocsin.core.run import Process
from tocsin.engine.lock import HomeLock
from tocsin.engine.sentinel import Sentinel

if TYPE_CHECKING:
    from tocsin.engine.handlers import Handler

#: How soon the end of the pipeline's process is seen where the line does not tell.
_CHECK_EVERY = 1.0
#: How long to go on after the pipeline's process has ended, while something waits to be sent.
_LINGER = timedelta(minutes=10)
#: A process that runs pipelines once an hour need not keep a companion in between.
_IDLE = 120.0


class Companion:
    """Serves one pipeline process."""

    def __init__(self, line: socket.socket, descriptor: int | None) -> None:
        """Read what the pipeline's process says of itself; the engine is imported when it is needed."""
        self._line = line
        self._buffer = b""
        self._closed_at: float | None = None
        self._hello = json.loads(self._read_hello())
        self._process = decode(Process, self._hello["process"])
        self._sentinel = Sentinel(self._process, descriptor)
        self._handler: Handler | None = None

    def serve(self) -> None:
        """Answer calls until the pipeline's process has ended, or has had nothing to do for long."""
        last_call = time.monotonic()
        # The first look shows the run as running, and warms up what an alert will need.
        next_look = last_call
        while not self._is_over(last_call):
            call = self._wait_for_call(min(max(next_look - time.monotonic(), 0), _CHECK_EVERY))
            if call is None and time.monotonic() < next_look and not self._has_news():
                continue
            handler = self._open_handler()
            handler.run()
            self._complain(handler.complaint())
            next_look = time.monotonic() + handler.look_every
            if call is not None:
                last_call = time.monotonic()
                with contextlib.suppress(OSError):
                    self._line.sendall(f"{call}\n".encode())
        self._line.close()
        handler = self._open_handler()
        handler.run()
        # One of all companions of a home goes on for a while: the outbox is the same for all of them.
        lock = HomeLock(Path(self._hello["home"]), "linger")
        if lock.take():
            handler.run(patience=_LINGER)
            handler.tidy()

    def _complain(self, text: str) -> None:
        """Tell the pipeline's process what is wrong: it can log, and nobody reads our output."""
        if text:
            line = f"{COMPLAINT}{text}".replace("\n", " ")
            with contextlib.suppress(OSError):
                self._line.sendall(f"{line}\n".encode(errors="replace"))

    def _open_handler(self) -> Handler:
        if self._handler is None:
            from tocsin.config.layer import Layer
            from tocsin.config.load import load
            from tocsin.engine.handlers import open_handler

            layers = [decode(Layer, layer) for layer in self._hello["layers"]]
            config = load(layers, home=Path(self._hello["home"]))
            self._handler = open_handler(config, process=self._process, sentinel=self._sentinel)
        return self._handler

    def _is_over(self, last_call: float) -> bool:
        if is_gone(self._process):
            return True
        now = time.monotonic()
        # A process that replaced itself by another program (exec) has closed the line and lives on.
        if self._closed_at is not None:
            return now - self._closed_at > _CHECK_EVERY
        return now - last_call > _IDLE and not self._has_active_runs()

    def _has_news(self) -> bool:
        """Whether there is something to tell that nobody calls for: a run that went well, to those who follow runs."""
        return self._handler is not None and self._handler.has_news()

    def _has_active_runs(self) -> bool:
        alive = Path(self._hello["home"]) / "spool" / "alive"
        return any(alive.glob("*.json"))

    def _wait_for_call(self, at_most: float) -> int | None:
        """Return the number of the newest call, or None if none came within so many seconds."""
        if self._closed_at is not None:
            time.sleep(0.02)
            return None
        # A call may have come in one piece with the first line.
        if b"\n" not in self._buffer and select.select([self._line], [], [], at_most)[0]:
            try:
                said = self._line.recv(4096)
            except OSError:
                said = b""
            if not said:
                self._sentinel.look()
                self._closed_at = time.monotonic()
            self._buffer += said
        *lines, self._buffer = self._buffer.split(b"\n")
        return int(lines[-1]) if lines else None

    def _read_hello(self) -> bytes:
        while b"\n" not in self._buffer:
            said = self._line.recv(65536)
            if not said:
                sys.exit("the pipeline's process ended before it said anything")
            self._buffer += said
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def main(line: socket.socket, descriptor: int) -> None:
    """Serve the process that holds the other end of the line, and that `descriptor` stands for unless it is -1."""
    Companion(line, descriptor if descriptor >= 0 else None).serve()
