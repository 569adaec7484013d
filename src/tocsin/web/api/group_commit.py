"""Many requests, one commit: what comes in while the disk is waited for goes with the next one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tocsin.core.inbox import Received
from tocsin.core.words import count
from tocsin.errors import StoreError
from tocsin.store.protocol import Store
from tocsin.web.problem import Problem, store_problem

#: Events in the inbox beyond which no more are taken: the engine is behind, or does not run at all.
MOST_WAITING = 200_000
#: Events that wait in memory to be committed.
_MOST_GATHERED = 20_000
#: Events of one commit.
_MOST_AT_ONCE = 2_000
#: Seconds between two questions how long the inbox is, and until somebody who was turned away may come again.
_ASK_EVERY, _COME_AGAIN = 1.0, 5
_log = logging.getLogger("tocsin")


class GroupCommit:
    """Writes received events to the inbox, in the order in which they came.

    One thread commits. While it waits for the disk, which is most of what a commit costs, other requests gather, and
    the next commit takes them all. Whoever waits is answered after the commit.
    """

    def __init__(self, store: Store, wake: Callable[[], object], committed: Callable[[int], object]) -> None:
        """Write to `store`, and after each commit call `committed` with the number of events, and `wake`."""
        self._store = store
        self._wake = wake
        self._committed = committed
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tocsin-commit")
        self._gathered: deque[tuple[Sequence[Received], asyncio.Future[None]]] = deque()
        self._events = 0
        self._committing: asyncio.Task[None] | None = None
        self._asked_at = float("-inf")
        self._behind_until = float("-inf")

    async def append(self, received: Sequence[Received]) -> None:
        """Return when the events are committed. Who is cancelled meanwhile takes nothing back.

        Raises:
            Problem: 429 where too much waits already, 503 where the store cannot be written.
        """
        if time.monotonic() < self._behind_until:
            raise _too_much(f"{count(MOST_WAITING, 'event')} or more wait to be taken in")
        if self._events + len(received) > _MOST_GATHERED:
            raise _too_much(f"{count(self._events, 'event')} wait to be written")
        committed = asyncio.get_running_loop().create_future()
        self._gathered.append((received, committed))
        self._events += len(received)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit())
        await committed

    async def close(self) -> None:
        """Commit what has gathered, and end the thread."""
        if self._committing is not None:
            await self._committing
        self._thread.shutdown()

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while self._gathered:
            received, waiting = self._take()
            error: Problem | None = None
            try:
                await loop.run_in_executor(self._thread, self._write, received)
            except StoreError as failed:
                error = store_problem(failed)
            except Exception:  # noqa: BLE001  # whoever waits is told, and the next commit is another one
                _log.exception("%s cannot be written", count(len(received), "event"))
                error = Problem(500, "The server has failed at this; its log says how. Please report it.")
            for committed in waiting:
                # Whoever has hung up does not wait any more.
                if not committed.done():
                    committed.set_result(None) if error is None else committed.set_exception(error)
        self._committing = None

    def _take(self) -> tuple[list[Received], list[asyncio.Future[None]]]:
        received: list[Received] = []
        waiting = []
        while self._gathered and len(received) < _MOST_AT_ONCE:
            some, committed = self._gathered.popleft()
            received += some
            waiting.append(committed)
        self._events -= len(received)
        return received, waiting

    def _write(self, received: Sequence[Received]) -> None:
        with self._store.appending() as tx:
            tx.receive(received)
        self._committed(len(received))
        try:
            self._wake()
        except Exception as error:  # noqa: BLE001  # the events are safe, and whoever takes them in looks by itself
            _log.warning("events were written, but nobody could be woken to take them in: %s", error)
        if (now := time.monotonic()) >= self._asked_at + _ASK_EVERY:
            self._asked_at = now
            if self._is_behind():
                self._behind_until = now + _COME_AGAIN

    def _is_behind(self) -> bool:
        try:
            with self._store.reading() as tx:
                return tx.backlog()[0] >= MOST_WAITING
        except StoreError as error:
            # What was written is safe all the same.
            _log.warning("%s", error)
            return False


def _too_much(found: str) -> Problem:
    detail = f"The server is behind: {found}. Send the same again later."
    return Problem(429, detail, {"Retry-After": str(_COME_AGAIN)})
