"""The last lines that were logged, kept for the case that a run fails and no orchestrator keeps its log."""

from __future__ import annotations

import contextlib
import logging
import weakref
from collections import deque
from copy import copy
from pathlib import Path

_LINES = 400
_KEPT_FILES = 200


class LogTail(logging.Handler):
    """Keeps the latest log records of dlt and, where the user has set up logging, of everything."""

    def __init__(self) -> None:
        """Start with nothing kept."""
        super().__init__(level=logging.DEBUG)
        self.lines: deque[str] = deque(maxlen=_LINES)
        # Not the record itself: its exception holds all that the user's frames hold.
        self._last: weakref.ref[logging.LogRecord] | None = None
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    def attach(self) -> None:
        """Listen to dlt's logger, and to the root logger if it has a handler already.

        A root logger without handlers is left alone: a first handler would turn the user's later
        `logging.basicConfig()` into a call without effect.
        """
        for logger in (logging.getLogger("dlt"), logging.getLogger()):
            if self not in logger.handlers and (logger.name == "dlt" or logger.handlers):
                logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record; the same record may come through two loggers."""
        if self._last is not None and self._last() is record:
            return
        self._last = weakref.ref(record)
        try:
            # A formatter leaves its texts in the record, and the user's handlers would take ours for theirs.
            self.lines.append(self.format(copy(record)))
        except Exception:  # noqa: BLE001  # a record of the user's that cannot be formatted is theirs to find, not ours
            self.lines.append(f"{record.levelname} {record.name}: (a record that cannot be formatted)")


def end_of(text: str, *, most: int) -> str:
    """Return the last lines of a text that has at most so many characters; the end of the line where one is longer."""
    if len(text) <= most:
        return text
    end = text[-most:]
    _, line_break, lines = end.partition("\n")
    return lines if line_break and lines else end


def write_log(path: Path, text: str) -> None:
    """Write the log of a run where `tocsin show` finds it, and drop the oldest logs beyond 200.

    Raises:
        OSError: The file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    # Another process may be dropping the same files.
    with contextlib.suppress(FileNotFoundError):
        logs = sorted(path.parent.glob("*.log"), key=lambda log: log.stat().st_mtime, reverse=True)
        for old in logs[_KEPT_FILES:]:
            old.unlink(missing_ok=True)
