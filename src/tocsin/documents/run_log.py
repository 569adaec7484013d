"""The end of a run's log, as far as this machine has it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tocsin.channels.formats.literal import clean, cut, cut_middle
from tocsin.core.run import Run
from tocsin.core.words import count

#: Bytes of a file that are read, lines that are shown, and characters of one of them.
_READ, _LINES, _WIDE = 128 * 1024, 100, 500


@dataclass(frozen=True, kw_only=True)
class LogTail:
    """What is shown of a log."""

    text: str
    #: Where it comes from and what is left out, or why there is none, in a sentence.
    about: str


def read_log(run: Run, home: Path) -> LogTail | None:
    """Return the end of the log of a run; None where none was kept.

    A report names the file, and whoever may report could name any file of this machine: only the one that the run's own
    process would have written below `home` is opened.

    Args:
        run: Whose log.
        home: Where Tocsin keeps its files here.
    """
    path = run.context.log_path
    if path and (text := _read_own(path, run.id, home)) is not None:
        return _tail(text, f"The end of {path}")
    if run.context.log_tail:
        return _tail(run.context.log_tail, "The end of it, as the pipeline has sent it")
    if not path:
        return None
    there = run.context.host or "the host of the run"
    return LogTail(text="", about=f"It is on {there}, in {cut(path, 300)}. It cannot be read here.")


def _read_own(path: str, run_id: str, home: Path) -> str | None:
    folder = (home / "logs").resolve()
    try:
        found = Path(path).resolve(strict=True)
        if found.parent != folder or found.name != f"{run_id}.log" or not found.is_file():
            return None
        with found.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - _READ, 0))
            return file.read(_READ).decode(errors="replace")
    except (OSError, ValueError):
        # ValueError: a path with NUL in it.
        return None


def _tail(text: str, source: str) -> LogTail:
    lines = clean(text[-_READ:]).rstrip("\n").split("\n")
    shown = [cut_middle(line, _WIDE) for line in lines[-_LINES:]]
    return LogTail(text="\n".join(shown), about=f"{source}: {count(len(shown), 'line')}.")
