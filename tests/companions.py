"""Programs that use Tocsin with a receiver, and the companions that they leave beside them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from dlt_scripts import Ended, start, wait
from receiver import Receiver, receiving

#: For everything that happens soon, unless the machine is busy.
PATIENCE = 60


def until(true: Callable[[], object]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


class Program:
    """A script in a folder of its own, whose alerts go to a receiver."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        """Prepare to start."""
        self.folder = folder
        self.receiver = receiver
        self.home = folder / "tocsin"
        self.process: subprocess.Popen[str] | None = None

    def start(self, source: str, settings: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start the script; it finds `go()`, which waits until `go` is called here."""
        environment = {
            "TOCSIN__HANDOVER": "spawn",
            "TOCSIN__CHANNELS__HOOK__TYPE": "webhook",
            "TOCSIN__CHANNELS__HOOK__URL": self.receiver.url,
            "NO_PROXY": "localhost",
        }
        self.process = start(PRELUDE + source, self.folder, {**environment, **(settings or {})})
        return self.process

    def go(self) -> None:
        """Let the script go on."""
        (self.folder / "go").touch()

    def end(self) -> Ended:
        """Wait for the script to end."""
        assert self.process is not None
        return wait(self.process, self.folder)

    def titles(self) -> list[str]:
        """Return the titles that arrived, in their order."""
        return [request.json["title"] for request in self.receiver.requests]

    def companions(self) -> list[int]:
        """Return the process ids of the companions of this script."""
        return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and self._is_ours(path)]

    def _is_ours(self, path: Path) -> bool:
        with contextlib.suppress(OSError):
            home = f"HOME={self.folder}".encode()
            words = (path / "cmdline").read_bytes().split(b"\0")
            # The shell and `nice`, which become the companion, have not its first word yet.
            return b"python" in words[0] and b"-P" in words and home in (path / "environ").read_bytes().split(b"\0")
        return False


@contextlib.contextmanager
def programs(folder: Path) -> Iterator[Program]:
    """Give a program, and see to it that nothing of it goes on in the end."""
    with receiving() as receiver:
        program = Program(folder, receiver)
        yield program
        if program.process is not None:
            program.process.kill()
            program.process.wait()
        for pid in program.companions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


PRELUDE = """\
import contextlib, os, signal, sys, threading, time
import tocsin

def go():
    while not os.path.exists("go"):
        time.sleep(0.02)

"""
