"""Whose turn it is to write, among the threads of one process."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from tocsin.errors import StoreLocked


class Turn:
    """Lets the threads of a process write one after the other, in the order in which they came.

    SQLite lets those who wait try again now and then, and whoever is unlucky for long enough is turned away: with a
    thread a channel that happened. PostgreSQL would keep a connection for each that waits. Here one is woken as soon as
    another is done. It is no plain lock, because whoever writes again and again would take that back before any of
    those who wait has woken up.
    """

    def __init__(self, url: str, patience: float) -> None:
        """Name the store to people as `url`; wait for other threads for so many seconds."""
        self._url = url
        self._patience = patience
        self._changing = threading.Lock()
        #: Whose turn it is, and after it those who wait; the event of each is set when it is its turn.
        self._queue: deque[threading.Event] = deque()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn, and pass it on at the end.

        Raises:
            StoreLocked: Another thread did not let go in time, or this one is inside a transaction already.
        """
        mine = threading.Event()
        with self._changing:
            self._queue.append(mine)
            self._queue[0].set()
        try:
            if not mine.wait(self._patience):
                raise StoreLocked(
                    f"the store {self._url} was locked by another thread for {self._patience:g} s: a transaction does "
                    "not end, or one was opened inside another in the same thread. End the outer one first"
                )
            yield
        finally:
            with self._changing:
                self._queue.remove(mine)
                if self._queue:
                    self._queue[0].set()
