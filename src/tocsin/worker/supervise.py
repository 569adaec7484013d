"""`tocsin worker`: a worker that goes on when PostgreSQL was away."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from tocsin.engine.engine import Engine
from tocsin.engine.prune import Pruning
from tocsin.engine.rest import Rest
from tocsin.engine.signals import Signals
from tocsin.engine.systemd import notify_systemd
from tocsin.engine.tick import Ticked
from tocsin.worker.jobs import reason, working
from tocsin.worker.session import Session

#: Seconds. A database that is back is not left waiting: others may have nobody else to do what is due.
_LONGEST_REST = 10.0
#: Seconds between two signs of life for systemd.
_PULSE = 1.0
#: Seconds that the end waits for what is old to be deleted, of which one go takes milliseconds.
_PATIENCE = 10.0
_log = logging.getLogger("tocsin")


@dataclass(kw_only=True)
class Worker:
    """Works until it is told to end; whatever fails, it says so once, rests and connects anew."""

    #: Connects to the store: at the beginning, and again after each failure.
    open_engine: Callable[[], Engine]
    signals: Signals
    #: Says what was done.
    say: Callable[[str], None]
    #: How the worker is called in `pg_stat_activity`.
    name: str
    #: Channels that are served at a time.
    concurrency: int
    _rest: Rest = field(default_factory=lambda: Rest(longest=_LONGEST_REST), init=False)
    _former_ids: frozenset[int] = field(default=frozenset(), init=False)
    _has_worked: bool = field(default=False, init=False)

    def run(self) -> None:
        """Work until a signal asks to end."""
        notify_systemd("READY=1")
        while not self.signals.ending:
            try:
                self._work()
            except Exception as error:  # noqa: BLE001  # one bad moment must not end all work
                self._pause(self._rest.failed(_first(error)))
        notify_systemd("STOPPING=1")

    def _work(self) -> None:
        engine = self.open_engine()
        pruning = Pruning(engine)
        pruning.start()
        session = Session(
            engine=engine,
            app=working(engine.config.store, name=f"tocsin worker {self.name}"),
            signals=self.signals,
            report=self._report,
            works=partial(self._works, engine.store.url),
            concurrency=self.concurrency,
            former_ids=self._former_ids,
        )
        try:
            asyncio.run(session.run())
        finally:
            engine.stopping.set()
            pruned = pruning.join(within=_PATIENCE)
            self._former_ids = frozenset() if session.serving else self._former_ids | session.worker_ids
            if session.serving:
                _log.warning("a message is still being sent; it will be sent again, with the same key")
            elif pruned:
                engine.store.close()

    def _works(self, url: str) -> None:
        self._rest.over()
        if not self._has_worked:
            self.say(f"worker {self.name} works for {url}, on up to {self.concurrency} channels at a time")
        self._has_worked = True

    def _report(self, done: Ticked) -> None:
        if words := str(done):
            self.say(words)

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.signals.ending and (left := until - time.monotonic()) > 0:
            self.signals.pause(min(left, _PULSE))
            notify_systemd("WATCHDOG=1")


def _first(error: Exception) -> Exception:
    """Return what went wrong first: when a connection is lost, several things fail at a time."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return reason(error)
