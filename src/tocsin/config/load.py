"""Layers of raw settings become a Config; whatever is wrong becomes a Problem and never an exception."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.config.layer import Layer
from tocsin.config.limits import fresh_checks, read_limits
from tocsin.config.merge import Leaf, Tree, merge
from tocsin.config.model import ChannelConfig, Config, Expected, PipelineConfig, Problem
from tocsin.config.reader import Reader, origin_of, problem_of, table_of, text_of, value_of
from tocsin.config.routes import read_owners, read_policy, read_routes
from tocsin.config.settings import CHANNEL, EXPECT, GENERAL, MAINTENANCE, PIPELINE
from tocsin.core.flapping import Damping
from tocsin.core.limits import FALSE_ALERTS
from tocsin.core.policy import Policy
from tocsin.core.severity import Severity

if TYPE_CHECKING:
    from tocsin.core.maintenance import Maintenance
    from tocsin.core.schedule import Schedule

_TABLES = ("channels", "pipelines", "routes", "owners", "maintenance", "expect", "checks", "serve", "oidc", "retention")


def load(layers: Sequence[Layer], *, home: Path) -> Config:
    """Return the checked configuration.

    Args:
        layers: Sources of settings, the one that wins first.
        home: Tocsin's directory where no setting names another.
    """
    tree = merge(layers)
    reader = _Reader()
    reader.problems += [
        Problem(origin=layer.origin, key="(the whole file)", found=None, remedy=f"cannot be read: {layer.unreadable}")
        for layer in layers
        if layer.unreadable
    ]
    return reader.config(table_of(tree, "tocsin"), table_of(tree, "runtime"), home)


class _Reader(Reader):
    """Reads the sections of the configuration."""

    def config(self, tree: Tree, runtime: Tree, home: Path) -> Config:
        general = self.read(tree, GENERAL, "tocsin", known=_TABLES)
        place = Path(value_of(general, "home", str(home))).expanduser()
        timezone = self.timezone(tree, general)
        config = Config(
            home=place,
            enabled=value_of(general, "enabled", default=True),
            environment=value_of(general, "environment", "default"),
            timezone=timezone,
            store=value_of(general, "store", f"sqlite:///{place / 'tocsin.db'}"),
            server=self.server(tree, general),
            api_key=value_of(general, "api_key", ""),
            handover=value_of(general, "handover", "spawn"),
            budget=value_of(general, "budget", timedelta(seconds=5)),
            died_after=value_of(general, "died_after", timedelta(seconds=60)),
            policy=read_policy(general, Policy()),
            damping=Damping(
                most=value_of(general, "flapping_after", 5),
                within=value_of(general, "flapping_within", timedelta(hours=6)),
            ),
            check_timeout=value_of(general, "check_timeout", timedelta(seconds=60)),
            check_budget=value_of(general, "check_budget", timedelta(seconds=30)),
            check_parallel=value_of(general, "check_parallel", 4),
            false_alerts=value_of(general, "false_alerts", FALSE_ALERTS),
            log_url=value_of(general, "log_url", None),
            dagster_url=value_of(general, "dagster_url", None),
            watchdog_url=value_of(general, "watchdog_url", None),
            channels=self.channels(table_of(tree, "channels"), runtime),
        )
        config = replace(config, pipelines=self.pipelines(table_of(tree, "pipelines"), config.timezone))
        names = [channel.name for channel in config.channels]
        config = replace(config, owners=read_owners(self, table_of(tree, "owners"), names))
        config = replace(config, routes=read_routes(self, tree.get("routes"), config))
        config = replace(config, maintenance=self.maintenance(tree.get("maintenance"), config.timezone))
        config = replace(config, expected=self.expected(tree.get("expect"), config.timezone, names))
        if checks := table_of(tree, "checks"):
            from tocsin.config.checks import read_checks  # see timezone()

            config = replace(config, checks=read_checks(self, checks))
        config = replace(config, checks=(*config.checks, *fresh_checks(config.pipelines)))
        if serve := table_of(tree, "serve"):
            from tocsin.config.server_settings import SERVE  # what only the server reads

            given = self.read(serve, SERVE, "tocsin.serve")
            config = replace(
                config,
                host=value_of(given, "host", config.host),
                port=value_of(given, "port", config.port),
                public_url=value_of(given, "public_url", ""),
                trusted_proxies=value_of(given, "trusted_proxies", ()),
            )
        if retention := table_of(tree, "retention"):
            from tocsin.config.retention import read_retention  # what only an engine reads

            config = replace(config, retention=read_retention(self, retention))
        if oidc := table_of(tree, "oidc"):
            from tocsin.config.oidc import read_oidc  # what only the server reads

            config = replace(config, oidc=read_oidc(self, oidc))
        return replace(config, problems=tuple(self.problems), origins=self.origins)

    def server(self, tree: Tree, general: Mapping[str, object]) -> str | None:
        if general.keys().isdisjoint({"server", "api_key"}):
            return None
        from tocsin.config.uplink import read_server  # see timezone()

        return read_server(self, tree, general)

    def channels(self, tree: Tree, runtime: Tree) -> tuple[ChannelConfig, ...]:
        own = {setting.key for setting in CHANNEL}
        channels = []
        for name, table in tree.items():
            prefix = f"tocsin.channels.{name}"
            if isinstance(table, Leaf):
                self.problems.append(problem_of(table, prefix, f"expected a table: write [{prefix}] and type = …"))
                continue
            leaves = {key: leaf for key, leaf in table.items() if isinstance(leaf, Leaf)}
            given = self.read({k: v for k, v in leaves.items() if k in own}, CHANNEL, prefix)
            if "type" not in given:
                self.problems.append(
                    problem_of(table, f"{prefix}.type", 'is missing; write for example type = "slack"')
                )
                continue
            channels.append(
                ChannelConfig(
                    name=name,
                    type=str(given["type"]),
                    origin=origin_of(leaves["type"]),
                    settings={key: _listed(leaf.value) for key, leaf in leaves.items() if key not in own},
                    origins={key: leaf.layer.origin for key, leaf in leaves.items()},
                    exposed=frozenset(key for key, leaf in leaves.items() if not leaf.layer.secrets_allowed),
                    fallback=value_of(given, "fallback", None),
                )
            )
        names = {channel.name for channel in channels}
        for channel in channels:
            if channel.fallback is not None and channel.fallback not in names:
                leaf = table_of(tree, channel.name)["fallback"]
                self.no_channel(leaf, f"tocsin.channels.{channel.name}.fallback", channel.fallback, names)
        return (*channels, *_from_dlt(runtime, channels))

    def timezone(self, tree: Tree, general: Mapping[str, object]) -> str:
        if "timezone" not in general:
            return "UTC"
        from tocsin.core.schedule import parse_schedule  # not paid for by programs without a schedule

        name = str(general["timezone"])
        try:
            parse_schedule("@daily", timezone=name)
        except ValueError as error:
            self.problems.append(problem_of(tree["timezone"], "tocsin.timezone", str(error)))
            return "UTC"
        return name

    def pipelines(self, tree: Tree, timezone: str) -> dict[str, PipelineConfig]:
        pipelines = {}
        for name, table in tree.items():
            prefix = f"tocsin.pipelines.{name}"
            if isinstance(table, Leaf):
                self.problems.append(problem_of(table, prefix, f"expected a table: write [{prefix}]"))
                continue
            given = self.read(table, PIPELINE, prefix, known=("tables",))
            pipelines[name] = PipelineConfig(
                enabled=value_of(given, "enabled", default=True),
                owner=value_of(given, "owner", ""),
                tags=value_of(given, "tags", ()),
                died_after=value_of(given, "died_after", None),
                schedule=self.schedule(table, given, prefix, timezone),
                start_within=value_of(given, "start_within", timedelta(minutes=15)),
                finish_within=value_of(given, "finish_within", None),
                stuck_after=value_of(given, "stuck_after", None),
                after=value_of(given, "after", None),
                schema_changes=_severity(value_of(given, "schema_changes", "info")),
                limits=read_limits(self, table, given, prefix),
            )
        if after := {name: pipeline.after for name, pipeline in pipelines.items() if pipeline.after}:
            from tocsin.core.dependency import order  # see timezone()

            self.problems += [
                Problem(origin=origin_of(tree), key="tocsin.pipelines", found=None, remedy=problem)
                for problem in order(after).problems
            ]
        return pipelines

    def schedule(self, table: Tree, given: Mapping[str, object], prefix: str, timezone: str) -> Schedule | None:
        if "schedule" not in given:
            return None
        from tocsin.core.schedule import parse_schedule  # see timezone()

        zone: str = value_of(given, "timezone", timezone)
        try:
            return parse_schedule(str(given["schedule"]), timezone=zone, source=origin_of(table["schedule"]))
        except ValueError as error:
            self.problems.append(problem_of(table["schedule"], f"{prefix}.schedule", str(error)))
            return None

    def maintenance(self, found: Leaf | Tree | None, timezone: str) -> tuple[Maintenance, ...]:
        made = []
        for number, table in self.entries(found, "tocsin.maintenance"):
            given = self.read(table, MAINTENANCE, f"tocsin.maintenance[{number}]")
            from tocsin.config.maintenance import read_maintenance  # see timezone()

            try:
                name, origin = f"maintenance {number}", origin_of(found)
                made.append(read_maintenance(given, name=name, timezone=timezone, origin=origin))
            except ValueError as error:
                key = f"tocsin.maintenance[{number}]"
                self.problems.append(Problem(origin=origin_of(found), key=key, found=None, remedy=str(error)))
        return tuple(made)

    def expected(self, found: Leaf | Tree | None, timezone: str, names: Sequence[str]) -> tuple[Expected, ...]:
        made = []
        for number, table in self.entries(found, "tocsin.expect"):
            key, before = f"tocsin.expect[{number}]", len(self.problems)
            given = self.read(table, EXPECT, key)
            if len(self.problems) > before:
                continue
            from tocsin.config.expectations import read_expected  # see timezone()

            try:
                one = read_expected(given, key=key, origin=origin_of(found), timezone=timezone)
            except ValueError as error:
                self.problems.append(Problem(origin=origin_of(found), key=key, found=None, remedy=str(error)))
                continue
            for name in sorted({*one.reaches, *one.reaches_not} - set(names)):
                self.no_channel(found, key, name, set(names))
            if len(self.problems) == before:
                made.append(one)
        return tuple(made)


@dataclass(frozen=True, kw_only=True)
class _OfDlt:
    """A setting of dlt's runtime that is a channel by itself."""

    key: str
    #: The channel's type, which is its name too unless that is taken.
    type: str
    #: The setting of the channel that holds the address.
    address: str


_OF_DLT = (
    _OfDlt(key="slack_incoming_hook", type="slack", address="webhook_url"),
    _OfDlt(key="sentry_dsn", type="sentry", address="dsn"),
)


def _severity(word: str) -> Severity | None:
    return None if word == "off" else Severity(word)


def _listed(value: object) -> str:
    """Return the setting of a channel as text, a list with commas between its parts."""
    return ", ".join(map(text_of, value)) if isinstance(value, list) else text_of(value)


def _from_dlt(runtime: Tree, channels: Sequence[ChannelConfig]) -> list[ChannelConfig]:
    """Return dlt's own Slack hook and Sentry DSN as channels, unless a configured channel has that address already."""
    taken = {channel.name for channel in channels}
    found = []
    for one in _OF_DLT:
        leaf = runtime.get(one.key)
        if not isinstance(leaf, Leaf) or not leaf.value:
            continue
        address = text_of(leaf.value)
        if any(channel.settings.get(one.address) == address for channel in channels):
            continue
        found.append(
            ChannelConfig(
                name=one.type if one.type not in taken else one.key,
                type=one.type,
                origin=f"{leaf.layer.origin} (runtime.{one.key})",
                settings={one.address: address},
                origins={one.address: leaf.layer.origin},
            )
        )
    return found
