"""Checked settings, as the rest of the house reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.core.check import Check
from tocsin.core.flapping import Damping
from tocsin.core.labels import Labels
from tocsin.core.limits import FALSE_ALERTS, Limits
from tocsin.core.policy import Policy
from tocsin.core.retention import Retention
from tocsin.core.route import Route
from tocsin.core.severity import Severity

if TYPE_CHECKING:
    # The configuration does not go through the codec, and programs without a schedule need not pay for its readers.
    from tocsin.config.oidc import OidcConfig  # noqa: TC004
    from tocsin.core.maintenance import Maintenance  # noqa: TC004
    from tocsin.core.named_moment import NamedMoment  # noqa: TC004
    from tocsin.core.schedule import Schedule  # noqa: TC004


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong in the configuration. It never stops a pipeline; people are told."""

    #: The file, "environment" or the vault it was found in.
    origin: str
    #: The full key: "tocsin.channels.ops.webhook_url".
    key: str
    #: What was found there; None for secrets and for keys that are missing.
    found: str | None
    #: What is wrong and what to write instead.
    remedy: str

    def __str__(self) -> str:
        found = f" = {self.found!r}" if self.found is not None else ""
        return f"{self.origin}: {self.key}{found}: {self.remedy}"


@dataclass(frozen=True, kw_only=True)
class ChannelConfig:
    """A configured channel; its own settings are checked by the channel's class."""

    name: str
    type: str
    #: Where the channel was found, for messages about it.
    origin: str
    settings: Mapping[str, str]
    #: Where each of the settings was found.
    origins: Mapping[str, str] = field(default_factory=dict)
    #: Settings that stand where secrets must not stand.
    exposed: frozenset[str] = frozenset()
    fallback: str | None = None


@dataclass(frozen=True, kw_only=True)
class PipelineConfig:
    """What is known beforehand of one pipeline."""

    enabled: bool = True
    owner: str = ""
    tags: tuple[str, ...] = ()
    died_after: timedelta | None = None
    schedule: Schedule | None = None
    start_within: timedelta = timedelta(minutes=15)
    finish_within: timedelta | None = None
    stuck_after: timedelta | None = None
    #: Pipelines that have to deliver first; None where nobody says so, and the order is learned.
    after: tuple[str, ...] | None = None
    #: How much new tables and columns matter; None where nobody asks what tables look like.
    schema_changes: Severity | None = Severity.INFO
    #: What is asked of what it brings.
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Who is to hear of a problem: a test of the routes."""

    #: Where it stands: the file, and "tocsin.expect[2]".
    origin: str
    key: str
    #: What is known of the problem.
    labels: Labels
    #: When it opens; None for the present.
    at: NamedMoment | None = None
    reaches: tuple[str, ...] = ()
    reaches_not: tuple[str, ...] = ()
    #: The longest time until the message leaves. Without it nothing is awaited but a group.
    within: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings, checked. What could not be used stands in `problems` and has its default."""

    home: Path
    enabled: bool = True
    environment: str = "default"
    timezone: str = "UTC"
    store: str = ""
    #: Address of the server that reports go to, without a slash at its end; None where the store is used.
    server: str | None = None
    api_key: str = field(default="", repr=False)
    handover: str = "spawn"
    budget: timedelta = timedelta(seconds=5)
    died_after: timedelta = timedelta(seconds=60)
    policy: Policy = field(default_factory=Policy)
    #: When a problem that comes and goes is told once.
    damping: Damping = field(default_factory=Damping)
    #: How many false alerts of each table, and of each step, are accepted in a month.
    false_alerts: float = FALSE_ALERTS
    log_url: str | None = None
    dagster_url: str | None = None
    watchdog_url: str | None = None
    channels: tuple[ChannelConfig, ...] = ()
    routes: tuple[Route, ...] = ()
    #: The channels of owners, for alerts that no route matches.
    owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    maintenance: tuple[Maintenance, ...] = ()
    expected: tuple[Expected, ...] = ()
    pipelines: Mapping[str, PipelineConfig] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    check_timeout: timedelta = timedelta(seconds=60)
    check_budget: timedelta = timedelta(seconds=30)
    check_parallel: int = 4
    #: For how long what is stored is kept.
    retention: Retention = field(default_factory=Retention)
    #: Where the server listens.
    host: str = "127.0.0.1"
    port: int = 8765
    #: How browsers know the server, where that is not how it is bound; without a slash at its end.
    public_url: str = ""
    #: Addresses or networks whose word on who asks is taken.
    trusted_proxies: tuple[str, ...] = ()
    oidc: OidcConfig | None = None
    problems: tuple[Problem, ...] = ()
    #: Where settings were found, by their full keys: "tocsin.pipelines.orders.schedule". The others are defaults.
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def default_route(self) -> Route:
        """The way of an alert that no route matches: every channel hears of it."""
        return Route(name="every channel", channels=tuple(c.name for c in self.channels), policy=self.policy)

    def owners_route(self, owner: str) -> Route:
        """Return the way of an alert that no route matches: its owner's channels, or that of the owner's name."""
        named = (owner,) if any(channel.name == owner for channel in self.channels) else ()
        if channels := self.owners.get(owner, named):
            return Route(name=f"owner {owner}", channels=channels, policy=self.policy)
        return self.default_route

    def pipeline(self, name: str) -> PipelineConfig:
        """Return what is known of a pipeline; the defaults for one that is not configured."""
        return self.pipelines.get(name, _UNKNOWN)


_UNKNOWN = PipelineConfig()
