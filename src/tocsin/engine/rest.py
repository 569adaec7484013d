"""How a process that goes on takes a failure: it says so once, and rests before it tries again."""

from __future__ import annotations

import logging

#: Seconds of the first rest; each is twice as long as the one before.
_FIRST = 1.0
_log = logging.getLogger("tocsin")


class Rest:
    """The rests between tries that fail, and what is said of them."""

    def __init__(self, *, longest: float) -> None:
        """Let no rest be longer than so many seconds."""
        self._longest = longest
        self._next = _FIRST

    def failed(self, error: Exception) -> float:
        """Say what went wrong, unless the try before failed too; return for how many seconds to rest."""
        if self._next == _FIRST:
            _log.warning("cannot work: %s; it is tried again", error)
        _log.debug("details", exc_info=error)
        seconds = self._next
        self._next = min(self._next * 2, self._longest)
        return seconds

    def over(self) -> None:
        """Say that it works again, where it did not."""
        if self._next != _FIRST:
            self._next = _FIRST
            _log.warning("works again")
