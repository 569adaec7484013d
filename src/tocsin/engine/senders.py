"""One thread a channel that has something due, beside a loop that goes on meanwhile."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from queue import SimpleQueue

from tocsin.engine.deliver import channels_to_serve, give_channels_another_chance, send_on
from tocsin.engine.engine import Engine
from tocsin.engine.groups import tell_groups


class Senders:
    """Sends so that neither a slow receiver nor a long queue holds up another channel, or the next look."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine whose outbox to empty; nothing is sent before `work`."""
        self._engine = engine
        #: The channels that something is being sent on.
        self._busy: dict[str, threading.Thread] = {}
        #: For each thread that has ended its channel, and how many messages were accepted or why it could not go on.
        self._ended: SimpleQueue[tuple[str, int | Exception]] = SimpleQueue()
        self._due: datetime | None = None

    @property
    def due(self) -> datetime | None:
        """When there will be something to send on a channel that is free; None if nothing waits."""
        return self._due

    def look(self) -> None:
        """Ask the store what is due, and enable channels whose settings have changed since they were disabled.

        Raises:
            StoreError: The store cannot be read or written.
        """
        give_channels_another_chance(self._engine)
        with self._engine.store.reading() as tx:
            self._due = tx.next_due()

    def work(self) -> int:
        """Start to send what is due by now, and return how many messages were accepted since the last call.

        Raises:
            StoreError: The store could not be read or written, here or while something was sent.
        """
        busy = len(self._busy)
        sent = self.sent()
        if len(self._busy) < busy:
            self.look()
        if self._due is not None and self._due <= self._engine.clock():
            tell_groups(self._engine)
            for name in channels_to_serve(self._engine):
                if name not in self._busy:
                    self._start(name)
            # What is due now is being sent; the end of a thread asks again, and so does the next look.
            self._due = None
        return sent

    def sent(self) -> int:
        """Return how many messages were accepted since the last call.

        Raises:
            StoreError: The store could not be read or written while something was sent.
        """
        sent = 0
        while not self._ended.empty():
            name, result = self._ended.get()
            self._busy.pop(name).join()
            if isinstance(result, Exception):
                raise result
            sent += result
        return sent

    def stop(self, *, within: float) -> bool:
        """Begin nothing more, and wait at most `within` seconds for what is being sent; False if that was too short."""
        self._engine.stopping.set()
        until = time.monotonic() + within
        for thread in self._busy.values():
            thread.join(max(until - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._busy.values())

    def _start(self, name: str) -> None:
        thread = threading.Thread(target=self._send, args=(name,), name=f"tocsin-{name}", daemon=True)
        self._busy[name] = thread
        thread.start()

    def _send(self, name: str) -> None:
        try:
            self._ended.put((name, sum(send_on(self._engine, name))))
        except Exception as error:  # noqa: BLE001  # `work` raises it where it can be dealt with
            self._ended.put((name, error))
