"""Whether the wall clock can be trusted, seen from within a process that goes on."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from tocsin.core.words import duration
from tocsin.engine.engine import Engine

#: A wall clock that differs by more from what the monotonic clock expects was moved, or the machine has slept.
_STEP = timedelta(seconds=5)
_log = logging.getLogger("tocsin")


class Steps:
    """Notices that the wall clock was moved, or that the machine has slept, which looks the same from within."""

    def __init__(self, engine: Engine) -> None:
        """Begin to compare the clock of an engine with the monotonic one."""
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
