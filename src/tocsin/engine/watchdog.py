"""Tells a dead-man's switch outside of this machine that the ticks go well.

Only success is told. Silence is the one language that every such service understands, and it also tells of what
could not be told: a machine that is off, a process that hangs. A failed tick says nothing, because most such
failures (a locked store, a full disk) are over before the switch's grace is.
"""

from __future__ import annotations

import logging
import threading
import time

from tocsin.channels.http import post
from tocsin.errors import DeliveryError

#: Seconds that a ping may take.
_LONGEST = 5.0
#: Seconds between two pings: such services count in minutes, and limit how often they are asked.
_EVERY = 30.0
_log = logging.getLogger("tocsin")


def ping(url: str) -> str:
    """Ask for `url`, within 5 seconds; return what went wrong, or an empty text."""
    try:
        post(url, b"", {}, method="GET", budget=_LONGEST)
    except DeliveryError as error:
        return str(error)
    return ""


class Watchdog:
    """Pings from a thread of its own, so that no tick waits for it."""

    def __init__(self, url: str | None) -> None:
        """Take the address, or None where nobody watches."""
        self._url = url
        self._next = time.monotonic()
        self._thread: threading.Thread | None = None
        self._well = True

    def ticked(self) -> None:
        """Ping, unless the last time is less than 30 seconds ago."""
        if self._url is None or time.monotonic() < self._next or (self._thread and self._thread.is_alive()):
            return
        self._next = time.monotonic() + _EVERY
        self._thread = threading.Thread(target=self._ping, args=(self._url,), name="tocsin-watchdog", daemon=True)
        self._thread.start()

    def _ping(self, url: str) -> None:
        trouble = ping(url)
        if trouble and self._well:
            _log.warning("watchdog_url: %s; it is tried again every %.0f s", trouble, _EVERY)
        self._well = not trouble
