"""What a server calls when it has committed events, so that a worker takes them in at once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from procrastinate import App

from tocsin.worker import jobs

#: Seconds between two jobs. What is committed meanwhile is taken in by the second.
_APART = 0.05
_log = logging.getLogger("tocsin")


@contextmanager
def waking(url: str) -> Iterator[Callable[[], None]]:
    """Yield what wakes the workers. It may be called from any thread, and returns at once.

    Where a worker cannot be woken, that is said once; a tick takes in what waits a second later.

    Args:
        url: The address of the store, with its credentials.

    Raises:
        StoreError: It is no address of a database.
    """
    waker = _Waker(jobs.asking(url, name="tocsin serve"))
    waker.start()
    try:
        yield waker.wanted.set
    finally:
        waker.end()


class _Waker(threading.Thread):
    """Asks for one job for all that has come since the last."""

    def __init__(self, app: App) -> None:
        super().__init__(name="tocsin-waker", daemon=True)
        self.wanted = threading.Event()
        self._app = app
        self._ending = False
        self._well = True

    def end(self) -> None:
        """End, and close the connection; what was wanted last is still asked for."""
        self._ending = True
        self.wanted.set()
        self.join(jobs.PATIENCE)

    def run(self) -> None:
        with closing(self._app.open()):
            while not self._ending:
                self.wanted.wait()
                self.wanted.clear()
                self._wake()
                time.sleep(_APART)

    def _wake(self) -> None:
        try:
            jobs.ask_now(jobs.take_in(self._app))
        except Exception as error:  # noqa: BLE001  # whatever it is, a tick does the same
            if self._well:
                _log.warning("no worker can be woken: %s; they look by themselves each second", jobs.reason(error))
            self._well = False
        else:
            self._well = True
