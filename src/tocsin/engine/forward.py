"""`tocsin watch` where a server does the work of the engine: it sends what is reported until it is told to end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from tocsin.engine.rest import Rest
from tocsin.engine.signals import Signals
from tocsin.engine.systemd import notify_systemd
from tocsin.engine.uplink import Uplink
from tocsin.engine.watchdog import Watchdog

#: Seconds between two looks at the spool's directory, and between two signs of life for systemd.
_PULSE = 1.0
#: Seconds of the longest rest after failures of our own; those of the server are the uplink's.
_LONGEST_REST = 60.0
_log = logging.getLogger("tocsin")


@dataclass(kw_only=True)
class Forwarder:
    """Sends every few seconds, and at once when something is reported. Any number may work in one home."""

    uplink: Uplink
    signals: Signals
    #: Says what was done.
    say: Callable[[str], None]
    #: The longest time between two looks.
    every: timedelta
    _rest: Rest = field(default_factory=lambda: Rest(longest=_LONGEST_REST), init=False)
    _complained: str = field(default="", init=False)

    def run(self) -> None:
        """Work until a signal asks to end."""
        watchdog = Watchdog(self.uplink.config.watchdog_url)
        while not self.signals.ending:
            seen = self.uplink.spool.changed_at()
            try:
                resting = self._send(watchdog)
            except Exception as error:  # noqa: BLE001  # one bad moment must not end all sending
                resting = self._rest.failed(error)
            self._wait(resting, seen)
        notify_systemd("STOPPING=1")
        self.uplink.close()

    def _send(self, watchdog: Watchdog) -> float:
        """Send what waits, and return for how many seconds nothing may be tried."""
        sent = self.uplink.send()
        self._rest.over()
        if words := str(sent):
            self.say(words)
        if sent.trouble:
            if sent.trouble != self._complained and (text := self.uplink.complaint(sent)):
                _log.warning("%s", text)
        else:
            watchdog.ticked()
        self._complained = sent.trouble
        return sent.again_in.total_seconds() if sent.again_in is not None else 0.0

    def _wait(self, resting: float, seen: int) -> None:
        now = time.monotonic()
        rests_until, until = now + resting, now + max(resting, self.every.total_seconds())
        while not self.signals.ending and (now := time.monotonic()) < until:
            if now >= rests_until and self.uplink.spool.changed_at() != seen and self.uplink.spool.waiting():
                return
            self.signals.pause(min(until - now, _PULSE))
            notify_systemd("WATCHDOG=1")
