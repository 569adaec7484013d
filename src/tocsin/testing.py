"""For tests of your settings: rehearse runs and the passing of time, and see who would have heard of what.

Everything is in memory: nothing is sent, no time passes, and no store of yours is touched.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.registry import CHANNELS
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.config.model import ChannelConfig
from tocsin.core.cause import Cause, CauseClass
from tocsin.core.event import Event, EventType
from tocsin.core.message import Message
from tocsin.core.outbox import Receipt
from tocsin.core.run import Outcome, Run, Stage, TableLoad
from tocsin.engine.engine import ConfiguredChannel, Engine
from tocsin.engine.ingest import ingest
from tocsin.engine.opening import open_engine
from tocsin.engine.tick import tick
from tocsin.errors import ConfigError
from tocsin.store.memory import MemoryStore

__all__ = ["FakeClock", "MemoryStore", "RecordingChannel", "Rehearsal", "make_run"]

#: When a rehearsal begins unless it is told otherwise: a Monday.
MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
_numbers = itertools.count(1)


class FakeClock:
    """A clock that stands until it is moved; calling it tells the time."""

    def __init__(self, now: datetime = MONDAY_NOON) -> None:
        """Set it to an aware moment."""
        self.now: datetime = now.astimezone(UTC)

    def __call__(self) -> datetime:
        """Return its time, in UTC."""
        return self.now

    def advance(self, by: timedelta) -> None:
        """Let so much time pass."""
        self.now += by


class RecordingChannel(Channel):
    """Takes every message, and keeps it."""

    type: ClassVar[str] = "recording"
    summary: ClassVar[str] = "Messages in memory, for tests"
    fields: ClassVar[tuple[Field, ...]] = ()
    min_interval: ClassVar[float] = 0.0

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:  # noqa: ARG002  # that of every channel
        """Begin with nothing; settings say nothing to it."""
        #: What it was given, oldest first.
        self.messages: list[Message] = []

    @property
    def titles(self) -> list[str]:
        """The titles of its messages, oldest first: "orders failed"."""
        return [message.title for message in self.messages]

    def send(self, outgoing: Outgoing) -> Receipt:
        """Keep the message."""
        self.messages.append(outgoing.message)
        return Receipt(answer="kept")


def make_run(
    pipeline: str,
    *,
    outcome: Outcome | str = Outcome.SUCCEEDED,
    ended_at: datetime = MONDAY_NOON,
    lasted: timedelta = timedelta(minutes=1),
    rows: Mapping[str, int] | None = None,
    error: str = "",
    **changes: Any,  # noqa: ANN401  # each field of Run has a type of its own
) -> Run:
    """Return a run that has ended, each with an id of its own.

    Args:
        pipeline: The name of the pipeline.
        outcome: How it ended: "succeeded", "failed", "partial", "died"…
        ended_at: When it ended, an aware moment.
        lasted: For how long it went on.
        rows: What it sent to each table.
        error: What the exception said that failed it; a run that failed has one in any case.
        changes: Other fields of `Run`, for example `environment="prod"`.

    Raises:
        ValueError: There is no such outcome.
        TypeError: There is no such field.
    """
    ended_as = Outcome(outcome)
    failed = bool(error) or ended_as is Outcome.FAILED
    run_id = f"made{next(_numbers)}"
    made = Run(
        id=run_id,
        logical_id=run_id,
        pipeline=pipeline,
        environment="default",
        started_at=(ended_at - lasted).astimezone(UTC),
        ended_at=ended_at.astimezone(UTC),
        outcome=ended_as,
        stage=Stage.EXTRACT if failed else Stage.LOAD,
        tables=tuple(TableLoad(table=table, rows=number) for table, number in (rows or {}).items()),
        cause=_cause(error or "it failed") if failed else None,
    )
    return replace(made, **changes)


class Rehearsal:
    """An engine with your settings, whose channels only keep what they are given, and whose time you move."""

    def __init__(self, settings: str | Path, *, home: Path, start: datetime = MONDAY_NOON) -> None:
        """Begin, with no history.

        Args:
            settings: The settings as TOML, or the file in which they stand. Secrets may be missing.
            home: An empty folder, such as pytest's `tmp_path`.
            start: What time it is, an aware moment.

        Raises:
            ConfigError: The settings are no TOML, or some of them cannot be used; all are named.
            OSError: The file cannot be read.
        """
        origin = str(settings) if isinstance(settings, Path) else "the settings"
        text = settings.read_text(encoding="utf-8") if isinstance(settings, Path) else settings
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{origin}: {error}; see https://toml.io for how it is written") from error
        config = load([Layer(origin=origin, values=values, secrets_allowed=True)], home=home)
        if config.problems:
            raise ConfigError("\n".join(map(str, config.problems)))
        self.clock: FakeClock = FakeClock(start)
        self.store: MemoryStore = MemoryStore()
        #: The channels by their names in the settings.
        self.channels: dict[str, RecordingChannel] = {channel.name: _recording(channel) for channel in config.channels}
        silent = open_engine(replace(config, channels=()), store=self.store, clock=self.clock, watching=True)
        configured = {
            channel.name: ConfiguredChannel(config=channel, channel=self.channels[channel.name], settings_hash="")
            for channel in config.channels
        }
        self._engine: Engine = replace(silent, config=config, channels=configured, all_channels=config.channels)
        tick(self._engine)

    def report(self, *runs: Run) -> None:
        """Let runs end, in this order; the clock moves on to the end of each."""
        for run in runs:
            self.clock.now = max(self.clock.now, run.ended_at or run.started_at)
            kind = EventType.RUN_STARTED if run.outcome is Outcome.RUNNING else EventType.RUN_FINISHED
            ingest(self._engine, Event(id=f"{kind}-{run.id}", type=kind, at=self.clock.now, run=run))
            tick(self._engine)

    def wait(self, time: timedelta, *, every: timedelta = timedelta(minutes=1)) -> None:
        """Let time pass, and look at what it makes due as often as is said."""
        end = self.clock.now + time
        while self.clock.now < end:
            self.clock.advance(min(every, end - self.clock.now))
            tick(self._engine)

    def heard(self) -> dict[str, list[str]]:
        """Return the titles that each channel was given, oldest first; channels that heard nothing are left out."""
        return {name: channel.titles for name, channel in self.channels.items() if channel.messages}


def _recording(config: ChannelConfig) -> RecordingChannel:
    """Return a channel that keeps what one of this type would be given."""
    kind = CHANNELS.get(config.type)
    if kind is None:
        found = f"{config.origin}: tocsin.channels.{config.name}.type = {config.type!r}"
        raise ConfigError(f"{found}: expected one of: {', '.join(CHANNELS)}")
    as_it = {"grouped": kind.grouped, "keeps_open": kind.keeps_open}
    made: RecordingChannel = type("RecordingChannel", (RecordingChannel,), as_it)()
    return made


def _cause(message: str) -> Cause:
    return Cause(
        cause_class=CauseClass.CODE,
        exception="builtins.RuntimeError",
        message=message,
        hint="See the line that is named.",
        transient=False,
        step=Stage.EXTRACT.value,
    )
