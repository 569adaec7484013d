"""`tocsin` as a process of its own that a test can talk to while it runs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

#: Seconds after which something that should have happened counts as never happening.
PATIENCE = 60.0
#: dlt is not needed here and takes a second to import: for this process it is not installed.
MAIN = "import sys; sys.modules['dlt'] = None; from tocsin.cli.main import main; main()"


def wait_until(happened: Callable[[], object], what: str) -> None:
    """Wait until something has happened."""
    until = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.02)


class TypedProcess:
    """A command that runs in `folder` for the length of a `with` block; it is killed at the end if it still runs."""

    def __init__(self, *words: str, folder: Path, main: str = MAIN, **options: Any) -> None:
        """Start it.

        Args:
            words: What is typed after `tocsin`.
            folder: Where it is typed.
            main: What Python executes.
            options: Further arguments of `subprocess.Popen`.
        """
        piped = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen([sys.executable, "-c", main, *words], cwd=folder, **{**piped, **options})
        self.out = b""
        self.err = b""
        self._readers = [threading.Thread(target=self._read, args=(name,)) for name in ("out", "err")]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        """Give the process to the test."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Kill it if it still runs."""
        self.process.kill()
        self.end()

    def says(self, text: str, *, times: int = 1) -> None:
        """Wait until stdout holds `text`."""
        wait_until(lambda: self.out.count(text.encode()) >= times, f"{text!r} in {self.out!r}; stderr: {self.err!r}")

    def complains(self, text: str) -> None:
        """Wait until stderr holds `text`."""
        wait_until(lambda: text.encode() in self.err, f"{text!r} on stderr")

    def signal(self, number: int) -> None:
        """Send a signal to it, and to nobody else."""
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait until it has ended, and return its exit code."""
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return code

    def _read(self, name: str) -> None:
        stream = getattr(self.process, f"std{name}")
        while stream is not None and (piece := stream.read1(65536)):
            setattr(self, name, getattr(self, name) + piece)
