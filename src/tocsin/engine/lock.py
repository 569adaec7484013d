"""One watcher works in a directory at a time; the kernel frees its place however it ends."""

from __future__ import annotations

import os
from io import TextIOWrapper
from pathlib import Path

from tocsin.errors import StoreError

try:
    import fcntl
except ImportError:  # pragma: no cover
    # Windows has no such lock. Two watchers there do the same work twice, and nothing is told twice.
    fcntl = None  # type: ignore[assignment]


class EngineLock:
    """The lock on `HOME/engine.lock`. Other engines (companions, `tocsin tick`) neither need it nor look at it."""

    def __init__(self, home: Path) -> None:
        """Name the file; nothing is opened before `take`."""
        self.path = home / "engine.lock"
        self._file: TextIOWrapper | None = None

    def take(self) -> bool:
        """Take the lock; False if another process has it.

        Raises:
            StoreError: The file cannot be opened.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = self.path.open("a+", encoding="ascii")
        except OSError as error:
            message = f"cannot open {self.path} ({error.strerror}); set TOCSIN__HOME to a directory that can be written"
            raise StoreError(message) from error
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                return False
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        return True

    def holder(self) -> str:
        """Return who has the lock, for people: "process 4711"."""
        try:
            pid = self.path.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            pid = ""
        return f"process {pid}" if pid else "another process"

    def release(self) -> None:
        """Give the place to whoever waits for it."""
        if self._file is not None:
            self._file.close()
            self._file = None
