"""One process at a time does a thing in a home; the kernel frees its place however it ends."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from tocsin.errors import StoreError

try:
    import fcntl
except ImportError:  # pragma: no cover
    # Windows has no such lock. Two processes there do the same work twice, and nothing is told twice.
    fcntl = None  # type: ignore[assignment]


class HomeLock:
    """A lock on `HOME/NAME.lock`. Nothing goes wrong without it: it saves work that is done once already."""

    def __init__(self, home: Path, name: str) -> None:
        """Name the file; nothing is opened before `take`."""
        self.path = home / f"{name}.lock"
        self._file: int | None = None

    def take(self) -> bool:
        """Take the lock; False if another process has it.

        Raises:
            StoreError: The file cannot be opened.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            message = f"cannot open {self.path} ({error.strerror}); set TOCSIN__HOME to a directory that can be written"
            raise StoreError(message) from error
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(file)
                return False
        # Who has it is told to people only, and a full disk is no reason to go without the lock.
        with contextlib.suppress(OSError):
            # Written over and not cut off: to cut a file off may wait for the disk.
            os.write(file, f"{os.getpid():<10}".encode())
        self._file = file
        return True

    def is_taken(self) -> bool:
        """Return whether another process has the lock now; False where the system has no such locks."""
        if fcntl is None:
            return False
        try:
            file = os.open(self.path, os.O_RDONLY)
        except OSError:
            return False
        try:
            # Shared, so that those who only ask are not taken for holders by each other.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(file)
        return False

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
            os.close(self._file)
            self._file = None


def watcher_lock(home: Path) -> HomeLock:
    """Return the lock of whoever watches a home; only one does at a time."""
    return HomeLock(home, "engine")
