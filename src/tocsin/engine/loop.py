"""`tocsin watch`: the engine as a process that works until it is told to end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from tocsin.engine.bell import Bell
from tocsin.engine.engine import Engine
from tocsin.engine.inbox import take_in
from tocsin.engine.lock import HomeLock
from tocsin.engine.presence import Presence, Role
from tocsin.engine.prune import Pruning
from tocsin.engine.rest import Rest
from tocsin.engine.senders import Senders
from tocsin.engine.signals import Signals
from tocsin.engine.steps import Steps
from tocsin.engine.systemd import notify_systemd
from tocsin.engine.tick import Ticked, look
from tocsin.engine.watchdog import Watchdog

#: Seconds between two looks at the spool's directory, and between two signs of life for systemd.
_PULSE = 1.0
#: Seconds that the end waits for what is being sent: longer than the slowest channel may take, and shorter than the 30
#: that Kubernetes gives.
_GRACE = 20.0
#: Seconds of the longest rest after failures.
_LONGEST_REST = 60.0
_log = logging.getLogger("tocsin")


@dataclass(kw_only=True)
class Watcher:
    """Looks every few seconds, and at once when a run reports something or a message becomes due.

    It sleeps by the monotonic clock, so that a wall clock that jumps neither stops it nor makes it spin.
    """

    #: Opens the engine: at the beginning, and again after each failure.
    open_engine: Callable[[], Engine]
    #: Only one watcher works where this lock is; others stand by.
    lock: HomeLock
    #: Ends its pauses, and at some time its work.
    signals: Signals | Bell
    #: Says what was done.
    say: Callable[[str], None]
    #: The longest time between two looks.
    every: timedelta
    #: Returns something else where there is more to look at than what the spool tells.
    news: Callable[[], object] = lambda: None
    _rest: Rest = field(default_factory=lambda: Rest(longest=_LONGEST_REST), init=False)

    def run(self) -> None:
        """Work until a signal asks to end.

        Raises:
            StoreError: The lock cannot be had because its directory cannot be written.
        """
        if self._take_lock():
            while not self.signals.ending:
                try:
                    self._work()
                except Exception as error:  # noqa: BLE001  # one bad moment, or row, must not end all watching
                    self._failed(error)
        notify_systemd("STOPPING=1")
        self.lock.release()

    def _take_lock(self) -> bool:
        if self.lock.take():
            return True
        self.say(f"{self.lock.holder()} watches {self.lock.path.parent} already: this one stands by")
        while not self.signals.ending:
            self._pause(_PULSE)
            if self.lock.take():
                self.say("the other watcher has ended: this one takes over")
                return True
        return False

    def _work(self) -> None:
        """Open the engine and use it until the end, or until it fails."""
        engine = self.open_engine()
        senders, pruning = Senders(engine), Pruning(engine)
        pruning.start()
        try:
            self._use(engine, senders)
        finally:
            sent = senders.stop(within=_GRACE)
            # What it deletes in one go takes milliseconds.
            if pruning.join(within=_GRACE) and sent:
                engine.store.close()
            else:
                _log.warning("a message is still being sent; it will be sent again, with the same key")
        self._report(Ticked(sent=senders.sent()))

    def _use(self, engine: Engine, senders: Senders) -> None:
        watchdog = Watchdog(engine.config.watchdog_url)
        steps = Steps(engine)
        presence = Presence(engine, Role.WATCHER)
        while not self.signals.ending:
            seen = self._news(engine)
            self._take_in(engine, senders)
            self._report(look(engine, steady=steps.steady()))
            presence.note()
            senders.look()
            # Before it is asked for news: where there is always some, messages are sent all the same.
            self._report(Ticked(sent=senders.work()))
            watchdog.ticked()
            self._rest.over()
            next_look = time.monotonic() + self.every.total_seconds()
            while not self.signals.ending and time.monotonic() < next_look and self._news(engine) == seen:
                due = (senders.due - engine.clock()).total_seconds() if senders.due is not None else _PULSE
                self._pause(min(due, next_look - time.monotonic()))
                self._report(Ticked(sent=senders.work()))
        presence.leave()

    def _take_in(self, engine: Engine, senders: Senders) -> None:
        """Take in what a server was given; what the first transaction has led to is sent while other events wait."""
        while not self.signals.ending and (events := take_in(engine, most=1)):
            self._report(Ticked(events=events))
            senders.look()
            self._report(Ticked(sent=senders.work()))

    def _news(self, engine: Engine) -> object:
        return engine.spool.changed_at(), self.news()

    def _pause(self, seconds: float) -> None:
        self.signals.pause(min(seconds, _PULSE))
        notify_systemd("WATCHDOG=1")

    def _report(self, done: Ticked) -> None:
        if words := str(done):
            self.say(words)

    def _failed(self, error: Exception) -> None:
        until = time.monotonic() + self._rest.failed(error)
        while not self.signals.ending and (left := until - time.monotonic()) > 0:
            self._pause(left)
