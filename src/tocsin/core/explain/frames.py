"""Stack frames: the last line of the user's own code, and the traceback's end."""

from __future__ import annotations

import traceback
from pathlib import PurePath
from types import FrameType, TracebackType

from tocsin.core.explain.foreign import names, read

#: Frames that are kept of each exception, counted from the place where it was raised.
DEEPEST = 40
LONGEST_TRACEBACK = 6_000

_STDLIB = PurePath(traceback.__file__).parent
_INSTALLED = {"site-packages", "dist-packages"}
#: Also left out when they run from a checkout.
_PACKAGES = {"dlt", "tocsin"}


def location(errors: tuple[BaseException, ...]) -> str | None:
    """Return "orders.py:41 in fetch" for the last of the user's frames.

    Args:
        errors: The exceptions to search, the one that matters most first.
    """
    for error in errors:
        for frame, line in reversed(_stack(error)):
            if _is_user_code(frame):
                code = frame.f_code
                return f"{PurePath(code.co_filename).name}:{line} in {code.co_name}"
    return None


def raised_by_user(error: BaseException) -> bool:
    """Whether the user's code raised it: by its last frame, or without frames by the home of its class."""
    stack = _stack(error)
    if stack:
        return _is_user_code(stack[-1][0])
    return "." not in names(error)[0]


def traceback_of(error: BaseException) -> str:
    """Return the traceback as Python prints it, with 40 frames at most for each exception of its chain."""
    tb = read(error, "__traceback__")
    lines = traceback.TracebackException(
        type(error), error, tb if isinstance(tb, TracebackType) else None, limit=-DEEPEST, compact=True
    ).format()
    return "".join(lines).strip()


def end_of(text: str, longest: int = LONGEST_TRACEBACK) -> str:
    """Return the end of `text` in whole lines, and before it how many characters were left out."""
    if len(text) <= longest:
        return text
    # 60 characters are enough for the sentence about the rest.
    kept = text[-(longest - 60) :]
    kept = kept[kept.find("\n") + 1 :]
    return f"[{len(text) - len(kept):,} characters left out]\n{kept}"


def _stack(error: BaseException) -> list[tuple[FrameType, int]]:
    tb = read(error, "__traceback__")
    return list(traceback.walk_tb(tb)) if isinstance(tb, TracebackType) else []


def _is_user_code(frame: FrameType) -> bool:
    path = PurePath(frame.f_code.co_filename)
    package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    installed = not _INSTALLED.isdisjoint(path.parts) or path.is_relative_to(_STDLIB)
    return not (installed or package in _PACKAGES or path.name.startswith("<frozen"))
