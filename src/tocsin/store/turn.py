"""Whose turn it is to write, among the threads of one process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tocsin.errors import StoreLocked


class Turn:
    """Lets the threads of a process write one after the other.

    SQLite lets those who wait try again now and then, and whoever is unlucky for long enough is turned away: with a
    thread a channel that happened. PostgreSQL would keep a connection for each that waits. A lock wakes one as soon as
    another is done.
    """

    def __init__(self, url: str, patience: float) -> None:
        """Name the store to people as `url`; wait for other threads for so many seconds."""
        self._url = url
        self._patience = patience
        self._lock = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn, and pass it on at the end.

        Raises:
            StoreLocked: Another thread did not let go in time, or this one is inside a transaction already.
        """
        if not self._lock.acquire(timeout=self._patience):
            raise StoreLocked(
                f"the store {self._url} was locked by another thread for {self._patience:g} s: a transaction does not "
                "end, or one was opened inside another in the same thread. End the outer one first"
            )
        try:
            yield
        finally:
            self._lock.release()
