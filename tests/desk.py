"""An engine with a clock of its own, on a home of its own, whose channels can be read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from made import NOON
from tocsin.capture.spool import Spool
from tocsin.config.model import ChannelConfig, Config
from tocsin.core.alert import Alert
from tocsin.core.event import Event, EventType, Note
from tocsin.core.outbox import Delivery, Notification
from tocsin.core.run import Outcome, Run
from tocsin.engine.opening import open_engine
from tocsin.engine.tick import Ticked, tick
from tocsin.store.protocol import Store


def channel(name: str, type: str = "file", *, fallback: str | None = None, **settings: str) -> ChannelConfig:  # noqa: A002
    """Return the configuration of a channel."""
    return ChannelConfig(name=name, type=type, origin="test", settings=settings, fallback=fallback)


class Desk:
    """Reports runs, lets time pass and reads what the channels were given."""

    def __init__(self, home: Path, store: Store, *channels: str | ChannelConfig, **settings: Any) -> None:
        """Open an engine.

        Args:
            home: Its directory.
            store: Its store.
            channels: Their configuration; a name alone is a file that `heard` reads.
            settings: Further fields of `Config`.
        """
        self.home = home
        self.store = store
        self.spool = Spool(home)
        self.now: datetime = NOON
        self.open(*channels, **settings)

    def open(self, *channels: str | ChannelConfig, **settings: Any) -> None:
        """Open the engine anew, as a program with other settings would."""
        configs = tuple(channel(c, path=str(self.home / c)) if isinstance(c, str) else c for c in channels)
        config = Config(home=self.home, channels=configs, **settings)
        self.engine = open_engine(config, store=self.store, clock=lambda: self.now)

    def tick(self, *, minutes: float = 0) -> Ticked:
        """Let time pass, and do a tick."""
        self.now += timedelta(minutes=minutes)
        return tick(self.engine)

    def report(self, *runs: Run) -> None:
        """Report runs as their processes would, each at its own time, and do a tick."""
        for run in runs:
            self.spool.put(event(run))
            self.now = max(self.now, run.ended_at or run.started_at)
        self.tick()

    def say(self, **note: Any) -> None:
        """Hand in a plain message, and do a tick."""
        self.spool.put(Event(id="note", type=EventType.NOTE, at=self.now, note=Note(**note)))
        self.tick()

    def heard(self, name: str) -> list[str]:
        """Return the titles of what a channel was given, in their order."""
        return [str(message["title"]) for message in self.messages(name)]

    def messages(self, name: str) -> list[Mapping[str, Any]]:
        """Return what a file channel was given."""
        path = self.home / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def decided(self, name: str | None = None) -> list[Notification]:
        """Return the notifications, oldest first."""
        with self.store.reading() as tx:
            return sorted(tx.notifications(channel=name, limit=1000), key=lambda one: (one.created_at, one.seq))

    def next_due(self) -> datetime | None:
        """Return when something will be due to be told; None if nothing waits."""
        with self.store.reading() as tx:
            return tx.next_due()

    def open_or_last(self, subject: str = "orders") -> Alert:
        """Return the alert about a subject: the open one, else that which was over last."""
        with self.store.reading() as tx:
            return tx.alerts(subject=subject, limit=1)[0]

    def deliveries(self, name: str) -> list[Delivery]:
        """Return the attempts on a channel, oldest first."""
        with self.store.reading() as tx:
            return [each for one in self.decided(name) for each in tx.deliveries(one.id)]


def event(run: Run) -> Event:
    """Return the report of a run's start or end."""
    kind = EventType.RUN_STARTED if run.outcome is Outcome.RUNNING else EventType.RUN_FINISHED
    return Event(id=f"{kind}-{run.id}", type=kind, at=run.ended_at or run.started_at, run=run)
