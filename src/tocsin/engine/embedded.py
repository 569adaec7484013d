"""The engine beside or inside one pipeline process: it works whatever the state of the store."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tocsin.config.model import Config
from tocsin.core.event import Event
from tocsin.core.run import Process
from tocsin.engine.clock import system_clock
from tocsin.engine.engine import Engine
from tocsin.engine.ingest import ingest
from tocsin.engine.opening import open_engine
from tocsin.engine.tick import tick
from tocsin.errors import StoreError, StoreLocked
from tocsin.store.memory import MemoryStore

if TYPE_CHECKING:
    # A part of the companion, which there is on POSIX only.
    from tocsin.engine.sentinel import Sentinel

#: Seconds between two looks.
_LOOK_EVERY = 10.0
_log = logging.getLogger("tocsin")


class Embedded:
    """Runs ticks for one process, on the configured store or, while that fails, on a makeshift in memory.

    With a full disk or a read-only store the alert at hand is still decided and sent. Its events stay in the spool
    until the store can take them, so a problem may be told twice then; that is better than not to tell it.
    """

    def __init__(self, config: Config, *, process: Process, sentinel: Sentinel | None = None) -> None:
        """Take the configuration, the process whose runs matter, and who watches it from outside."""
        self._config = config
        self._process = process
        self._sentinel = sentinel
        self._engine: Engine | None = None
        self._makeshift: Engine | None = None
        #: When the spool had changed last before the last tick.
        self._seen = 0
        self._complained = False

    @property
    def look_every(self) -> float:
        """Seconds after which to look at what time alone makes due; whoever calls may look more often."""
        return _LOOK_EVERY

    def run(
        self,
        in_hand: Sequence[Event] = (),
        *,
        patience: timedelta = timedelta(0),
        budget: timedelta | None = None,
    ) -> None:
        """Do a tick.

        Args:
            in_hand: Events that could not be written to the spool.
            patience: How long to wait for messages that become due.
            budget: After so long nothing is sent any more; None where nobody waits for us.
        """
        deadline = system_clock() + budget if budget is not None else None
        try:
            engine = self._open()
            self._seen = engine.spool.changed_at()
            self._tick(engine, in_hand, patience, deadline)
        except StoreError as error:
            _log.warning("the store cannot be used: %s", error)
            if isinstance(error, StoreLocked) and not in_hand:
                # What waits in the spool is safe there, and whoever holds the store may well be taking it in.
                return
            if self._makeshift is None:
                engine = open_engine(self._config, store=MemoryStore(), makeshift_for=self._process)
                self._makeshift = self._told(engine)
            self._tick(self._makeshift, in_hand, patience, deadline)

    def has_news(self) -> bool:
        """Whether something was reported after the last tick that a channel which follows runs is to hear of soon."""
        engine = self._engine
        if engine is None or not engine.feeds or engine.spool.changed_at() == self._seen:
            return False
        return engine.spool.waiting() > 0

    def complaint(self) -> str:
        """Return once what is wrong with the channels, beside what the configuration itself tells."""
        if self._complained:
            return ""
        self._complained = True
        found = self._engine.problems[len(self._config.problems) :] if self._engine is not None else ()
        if not found:
            return ""
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return f"{found[0]}{more}; `tocsin config check` tells all"

    def tidy(self) -> None:
        """Delete what is old, once a day: where nothing else is at work, nobody but us ever does."""
        if self._engine is None:
            return
        # What this imports is no part of what an alert waits for.
        from tocsin.engine.prune import prune_daily

        try:
            prune_daily(self._engine)
        except StoreError as error:
            _log.warning("what is old could not be deleted: %s; the next run tries again", error)

    def close(self) -> None:
        """Let go of the store."""
        if self._engine is not None:
            self._engine.store.close()

    def _open(self) -> Engine:
        if self._engine is None:
            self._engine = self._told(open_engine(self._config))
        return self._engine

    def _told(self, engine: Engine) -> Engine:
        """Let the engine ask what ended the process, where somebody watches it from outside."""
        if self._sentinel is None:
            return engine
        return replace(engine, companion_of=self._process, ended_by=self._sentinel.ended_by)

    @staticmethod
    def _tick(engine: Engine, in_hand: Sequence[Event], patience: timedelta, deadline: datetime | None) -> None:
        for event in in_hand:
            ingest(engine, event)
        tick(engine, patience=patience, deadline=deadline)
