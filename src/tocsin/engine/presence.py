"""Which processes are at work on a store. Each says so now and then, for people who ask whether the watcher lives."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import tocsin
from tocsin.core.codec import decode, encode
from tocsin.engine.engine import Engine
from tocsin.store.protocol import Transaction

#: How often a process says so. One that was silent for three times as long is no more, or hangs.
NOTED_EVERY = timedelta(seconds=30)
MISSED = 3 * NOTED_EVERY
#: What was silent for so long is forgotten, and so are the longest silent beyond so many.
_FORGOTTEN, _MOST = timedelta(days=1), 200
_NOTE = "processes at work"


class Role(StrEnum):
    """What a process does."""

    #: `tocsin watch`, or the engine of `tocsin serve`.
    WATCHER = "watcher"
    SERVER = "server"
    WORKER = "worker"
    #: `tocsin tick`, which ends at once.
    TICK = "tick"


@dataclass(frozen=True, kw_only=True)
class Present:
    """One process."""

    role: Role
    host: str
    pid: int
    #: Of Tocsin.
    version: str
    since: datetime
    seen_at: datetime

    @property
    def name(self) -> str:
        """What tells it from others. Each tick is another process, and the last one of a machine says enough."""
        return f"{self.role} {self.host}" if self.role is Role.TICK else f"{self.role} {self.host} {self.pid}"

    def is_silent(self, now: datetime) -> bool:
        """Whether it should have said something since; when the next tick comes nobody knows here."""
        return self.role is not Role.TICK and now - self.seen_at > MISSED


class Presence:
    """Says of this process that it is at work."""

    def __init__(self, engine: Engine, role: Role) -> None:
        """Say it in the store of `engine`, and nothing before `note`."""
        now = engine.clock()
        self._engine = engine
        self._noted_at: datetime | None = None
        self._present = Present(
            role=role, host=socket.gethostname(), pid=os.getpid(), version=tocsin.__version__, since=now, seen_at=now
        )

    def note(self) -> None:
        """Say so, unless it was said lately.

        Raises:
            StoreError: The store cannot be written.
        """
        now = self._engine.clock()
        # Also where the clock was set back.
        if self._noted_at is not None and abs(now - self._noted_at) < NOTED_EVERY:
            return
        with self._engine.store.writing() as tx:
            seen = replace(self._present, seen_at=now)
            _save(tx, {**_known(tx), seen.name: seen}, now)
        self._noted_at = now

    def leave(self) -> None:
        """Say that this process ends.

        Raises:
            StoreError: The store cannot be written.
        """
        with self._engine.store.writing() as tx:
            known = _known(tx)
            known.pop(self._present.name, None)
            _save(tx, known, self._engine.clock())


def present(tx: Transaction) -> list[Present]:
    """Return the processes that said so within a day and have not said that they end, the longest silent last."""
    return sorted(_known(tx).values(), key=lambda one: one.seen_at, reverse=True)


def _known(tx: Transaction) -> dict[str, Present]:
    found = [decode(Present, one) for one in json.loads(tx.recall(_NOTE) or "[]")]
    return {one.name: one for one in found}


def _save(tx: Transaction, known: Mapping[str, Present], now: datetime) -> None:
    newest_first = sorted(known.values(), key=lambda one: one.seen_at, reverse=True)[:_MOST]
    tx.remember(_NOTE, json.dumps([encode(one) for one in newest_first if now - one.seen_at < _FORGOTTEN]))
