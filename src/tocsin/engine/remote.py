"""The counterpart of `Embedded` where a server does the work of the engine: all that is left here is to send."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from tocsin.config.model import Config
from tocsin.core.event import Event
from tocsin.core.run import Process
from tocsin.engine.uplink import Sent, Uplink

if TYPE_CHECKING:
    # See embedded.py.
    from tocsin.engine.sentinel import Sentinel

#: The longest time in seconds between two looks; two of those that tell that a run lives may be missed.
_LOOK_EVERY, _LOOKS = 10.0, 3
_log = logging.getLogger("tocsin")


class Remote:
    """Sends for one process."""

    def __init__(self, config: Config, *, process: Process, sentinel: Sentinel | None = None) -> None:
        """Take the configuration, the process whose runs matter, and who watches it from outside."""
        self._config = config
        if sentinel is None:
            self._uplink = Uplink(config)
        else:
            self._uplink = Uplink(config, companion_of=process, ended_by=sentinel.ended_by)
        #: When the spool had changed last before it was sent last.
        self._seen = 0
        self._rests_until = 0.0
        self._said = self._complaint = ""

    @property
    def look_every(self) -> float:
        """Seconds after which to send again, so that no run is taken for dead."""
        return min(_LOOK_EVERY, self._config.died_after.total_seconds() / _LOOKS)

    def run(
        self,
        in_hand: Sequence[Event] = (),
        *,
        patience: timedelta = timedelta(0),
        budget: timedelta | None = None,
    ) -> None:
        """Send what waits.

        Args:
            in_hand: Events that could not be written to the spool.
            patience: For how long to try again while the server does not answer.
            budget: After so long nothing more is waited for; None where nobody waits for us.
        """
        began = time.monotonic()
        until = began + min(patience, budget if budget is not None else patience).total_seconds()
        while True:
            self._seen = self._uplink.spool.changed_at()
            left = timedelta(seconds=began - time.monotonic()) + budget if budget is not None else None
            sent = self._uplink.send(in_hand, budget=left)
            self._tell(sent)
            pause = sent.again_in.total_seconds() if sent.again_in is not None else 0.0
            self._rests_until = time.monotonic() + pause
            waits = in_hand or self._uplink.spool.waiting()
            if sent.again_in is None or not waits or self._rests_until >= until:
                return
            time.sleep(pause)

    def has_news(self) -> bool:
        """Whether something was reported after the last time, and the server may be asked to take it."""
        spool = self._uplink.spool
        if time.monotonic() < self._rests_until or spool.changed_at() == self._seen:
            return False
        return spool.waiting() > 0

    def complaint(self) -> str:
        """Return what somebody has to know, once; else an empty text."""
        said, self._complaint = self._complaint, ""
        return said

    def tidy(self) -> None:
        """Do nothing: the server deletes what is old."""

    def close(self) -> None:
        """Leave to others to tell that runs live."""
        self._uplink.close()

    def _tell(self, sent: Sent) -> None:
        """Warn of what goes wrong, once until something else does."""
        text = self._uplink.complaint(sent)
        if text and sent.trouble != self._said:
            _log.warning("%s", text)
            self._complaint = text
        self._said = sent.trouble
