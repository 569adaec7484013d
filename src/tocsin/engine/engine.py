"""What the parts of the engine work with."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tocsin.capture.spool import Spool
from tocsin.channels.base import Channel
from tocsin.config.model import ChannelConfig, Config, Problem
from tocsin.core.dependency import Graph, order
from tocsin.core.feed import Feed
from tocsin.core.limits import FreshLimit
from tocsin.core.routing import Routing
from tocsin.core.run import Process, Run
from tocsin.core.schedule import Schedule
from tocsin.engine.clock import Clock, system_clock
from tocsin.engine.together import Together
from tocsin.store.protocol import Store


def _worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}"


def _not_known(_process: Process) -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class ConfiguredChannel:
    """A channel that is ready to send, and what it was made of."""

    config: ChannelConfig
    channel: Channel
    #: Changes when the settings change, which gives a disabled channel another chance.
    settings_hash: str
    #: What it is told of runs; None where it is told of alerts.
    feed: Feed | None = None


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One engine: a configuration, a store, a spool and channels. Any number may work on one store."""

    config: Config
    store: Store
    spool: Spool
    channels: Mapping[str, ConfiguredChannel]
    #: As they were configured, those that cannot be used included; that `config` names only the others.
    all_channels: Sequence[ChannelConfig] = ()
    #: The feeds of those channels, each under a name of its own: "sentry/traces".
    feeds: Mapping[str, ConfiguredChannel] = field(default_factory=dict)
    #: What is wrong with the configuration, the channels' own settings included.
    problems: tuple[Problem, ...] = ()
    clock: Clock = system_clock
    #: Set where the store is a makeshift in memory: only the events of this process are told, and they stay in
    #: the spool for the real store.
    makeshift_for: Process | None = None
    #: Whether it looks at what should have happened and did not. A companion sees its own process only: what is due
    #: elsewhere is for `tocsin watch` and `tocsin tick`.
    watching: bool = False
    #: The process beside which this engine works, if it is a companion.
    companion_of: Process | None = None
    #: Tells what ended a process, where that is known.
    ended_by: Callable[[Process], str | None] = _not_known
    #: Names this engine in leases.
    worker: str = field(default_factory=_worker_name)
    #: Once set, nothing more is begun: what is being sent is sent to its end.
    stopping: threading.Event = field(default_factory=threading.Event)

    @cached_property
    def graph(self) -> Graph:
        """Who is upstream of whom, as configured."""
        pipelines = self.config.pipelines.items()
        return order({name: pipeline.after for name, pipeline in pipelines if pipeline.after})

    @cached_property
    def together(self) -> Together:
        """Commits what the threads that send write at the same time."""
        return Together(self.store)

    @cached_property
    def routing(self) -> Routing:
        """The routes of the configuration, made fast."""
        return Routing(self.config.routes)

    @cached_property
    def schedules(self) -> Mapping[str, Schedule]:
        """The schedules of the pipelines that have one in the configuration."""
        pipelines = self.config.pipelines.items()
        return {name: one.schedule for name, one in pipelines if one.schedule is not None and one.enabled}

    @cached_property
    def schedules_hash(self) -> str:
        """Changes when something else is expected of a pipeline."""
        said = hashlib.sha256()
        for name, schedule in sorted(self.schedules.items()):
            pipeline = self.config.pipeline(name)
            said.update(repr((name, schedule, pipeline.start_within, pipeline.finish_within)).encode(errors="replace"))
        return said.hexdigest()[:16]

    @cached_property
    def outlets(self) -> Mapping[str, ConfiguredChannel]:
        """All that messages wait for: the channels and their feeds."""
        return {**self.channels, **self.feeds}

    def outlets_of(self, channel: str) -> list[str]:
        """Return the name of a channel, and after it those of its feeds."""
        return [channel, *(name for name in self.feeds if name.rpartition("/")[0] == channel)]

    @cached_property
    def fresh_limits(self) -> Mapping[tuple[str, str], FreshLimit]:
        """How old the data of tables may be, by pipeline and table, as configured."""
        pipelines = self.config.pipelines.items()
        fresh = ((name, one.limits.fresh) for name, one in pipelines if one.enabled)
        return {(name, table): limit for name, limits in fresh for table, limit in limits.items()}

    @cached_property
    def fresh_limits_hash(self) -> str:
        """Changes when tables may be older or younger."""
        said = repr(sorted(self.fresh_limits.items()))
        return hashlib.sha256(said.encode(errors="replace")).hexdigest()[:16]

    @cached_property
    def routes_hash(self) -> str:
        """Changes when somebody else may have to hear of what is open."""
        config = self.config
        said = repr((sorted(self.channels), config.routes, config.owners, config.policy, config.maintenance))
        return hashlib.sha256(said.encode(errors="replace")).hexdigest()[:16]

    def concerns(self, run: Run | None) -> bool:
        """Whether this engine takes in what is reported of `run`, or for None a plain message."""
        return self.makeshift_for is None or (run is not None and run.process == self.makeshift_for)
