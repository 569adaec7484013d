"""`tocsin watch`: the engine as a process that works until it is told to end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from tocsin.core.words import duration
from tocsin.engine.engine import Engine
from tocsin.engine.lock import HomeLock
from tocsin.engine.senders import Senders
from tocsin.engine.signals import Signals
from tocsin.engine.systemd import notify_systemd
from tocsin.engine.tick import Ticked, look
from tocsin.engine.watchdog import Watchdog

#: Seconds between two looks at the spool's directory, and between two signs of life for systemd.
_PULSE = 1.0
#: Seconds that the end waits for what is being sent: longer than the slowest channel may take, and shorter than the 30
#: that Kubernetes gives.
_GRACE = 20.0
#: Seconds of rest after a failure; doubled each time up to the longest.
_FIRST_REST, _LONGEST_REST = 1.0, 60.0
#: A wall clock that differs by more from what the monotonic clock expects was moved, or the machine has slept.
_STEP = timedelta(seconds=5)
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
    signals: Signals
    #: Says what was done.
    say: Callable[[str], None]
    #: The longest time between two looks.
    every: timedelta
    _rest: float = field(default=_FIRST_REST, init=False)

    def run(self) -> None:
        """Work until a signal asks to end.

        Raises:
            StoreError: The lock cannot be had because its directory cannot be written.
        """
        notify_systemd("READY=1")
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
        senders = Senders(engine)
        try:
            self._use(engine, senders)
        finally:
            if senders.stop(within=_GRACE):
                engine.store.close()
            else:
                _log.warning("a message is still being sent; it will be sent again, with the same key")
        self._report(Ticked(sent=senders.sent()))

    def _use(self, engine: Engine, senders: Senders) -> None:
        watchdog = Watchdog(engine.config.watchdog_url)
        steps = _Steps(engine)
        while not self.signals.ending:
            changed = engine.spool.changed_at()
            self._report(look(engine, steady=steps.steady()))
            senders.look()
            watchdog.ticked()
            self._recovered()
            next_look = time.monotonic() + self.every.total_seconds()
            while not self.signals.ending and time.monotonic() < next_look and engine.spool.changed_at() == changed:
                self._report(Ticked(sent=senders.work()))
                due = (senders.due - engine.clock()).total_seconds() if senders.due is not None else _PULSE
                self._pause(min(due, next_look - time.monotonic()))

    def _pause(self, seconds: float) -> None:
        self.signals.pause(min(seconds, _PULSE))
        notify_systemd("WATCHDOG=1")

    def _report(self, done: Ticked) -> None:
        if words := str(done):
            self.say(words)

    def _failed(self, error: Exception) -> None:
        if self._rest == _FIRST_REST:
            _log.warning("cannot work: %s; it is tried again", error)
        _log.debug("details", exc_info=error)
        until = time.monotonic() + self._rest
        self._rest = min(self._rest * 2, _LONGEST_REST)
        while not self.signals.ending and (left := until - time.monotonic()) > 0:
            self._pause(left)

    def _recovered(self) -> None:
        if self._rest != _FIRST_REST:
            self._rest = _FIRST_REST
            _log.warning("works again")


class _Steps:
    """Notices that the wall clock was moved, or that the machine has slept, which looks the same from within."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._before = (engine.clock(), time.monotonic())
        self._steady_from = time.monotonic()

    def steady(self) -> bool:
        """Whether what runs have written last can be compared with the clock: they had the time to write anew."""
        wall, sleepless = self._before
        self._before = self._engine.clock(), time.monotonic()
        step = self._before[0] - wall - timedelta(seconds=self._before[1] - sleepless)
        if abs(step) > _STEP:
            patience = self._engine.config.died_after
            self._steady_from = time.monotonic() + patience.total_seconds()
            way = "forward" if step > timedelta(0) else "back"
            _log.warning(
                "the clock has moved %s by %s: what is silent or due is judged again in %s",
                way,
                duration(abs(step)),
                duration(patience),
            )
        return time.monotonic() >= self._steady_from
