"""Waiting for something that has to happen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from tocsin.errors import TocsinError

T = TypeVar("T")

#: Seconds. Everything here takes one or two; a machine under load may need much longer.
_CEILING = 60.0
_LOOK_EVERY = 0.02


class Late(TocsinError):
    """Something that has to happen did not happen."""


def wait_until(condition: Callable[[], T | None], what: str, *, stop: threading.Event, ceiling: float = _CEILING) -> T:
    """Return the first result of `condition` that counts as true.

    Args:
        condition: Asked again and again.
        what: What is waited for, for people.
        stop: Ends the waiting from outside.
        ceiling: Seconds after which it will not happen any more.

    Raises:
        Late: It did not happen.
    """
    until = time.monotonic() + ceiling
    while not (result := condition()):
        if stop.wait(_LOOK_EVERY):
            raise Late(f"stopped while waiting for {what}")
        if time.monotonic() > until:
            raise Late(f"waited {ceiling:.0f} seconds in vain for {what}")
    return result
