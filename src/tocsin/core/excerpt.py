"""The part of a traceback that a person reads first: the user's own lines, and what was raised."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FRAME = re.compile(r'^  File "(?P<path>.+)", line \d+, in ')
_MARKS = re.compile(r"^\s+[\^~]+\s*$")
_LIBRARY = re.compile(r"(site-packages|dist-packages)[/\\]|[/\\]lib[/\\]python3")
_HEAD = "Traceback (most recent call last):"
_LONGEST = 15


def excerpt(traceback: str, *, most: int = _LONGEST) -> str:
    """Return the end of a traceback without the frames of libraries, which are counted.

    Args:
        traceback: What Python prints; of several exceptions the last block is taken.
        most: Lines to keep at most, from the end.
    """
    block = traceback.rstrip().rpartition(_HEAD)[2].strip("\n")
    lines = list(_own(block.splitlines()))
    left_out = len(lines) - most
    return "\n".join([f"… {left_out} lines left out", *lines[-most:]] if left_out > 0 else lines)


def _own(lines: list[str]) -> Iterator[str]:
    """Yield the lines of the user's frames and of the exception; a run of library frames becomes one line."""
    hidden, inside_library = 0, False
    for line in lines:
        if frame := _FRAME.match(line):
            inside_library = _LIBRARY.search(frame["path"]) is not None
            hidden += inside_library
        elif not line.startswith("    "):
            inside_library = False
        if inside_library or _MARKS.match(line):
            continue
        if hidden:
            yield f"  … {hidden} frame{'s' if hidden > 1 else ''} of libraries"
            hidden = 0
        yield line
