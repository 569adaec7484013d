"""Layers of raw settings become a Config; whatever is wrong becomes a Problem and never an exception."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tocsin.config.layer import Layer
from tocsin.config.merge import Leaf, Tree, merge
from tocsin.config.model import ChannelConfig, Config, PipelineConfig, Problem
from tocsin.config.settings import CHANNEL, GENERAL, MAINTENANCE, PIPELINE, ROUTE, Setting
from tocsin.core.matchers import Matcher, parse_matcher
from tocsin.core.policy import Policy
from tocsin.core.route import LABELS, Route
from tocsin.core.severity import Severity

if TYPE_CHECKING:
    from tocsin.core.maintenance import Maintenance
    from tocsin.core.schedule import Schedule

_TABLES = ("channels", "pipelines", "routes", "maintenance")
T = TypeVar("T")


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
    return reader.config(_table(tree, "tocsin"), _table(tree, "runtime"), home)


class _Reader:
    """Collects problems while it reads."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def config(self, tree: Tree, runtime: Tree, home: Path) -> Config:
        general = self.read(tree, GENERAL, "tocsin", known=_TABLES)
        policy = Policy(
            least=Severity(_given(general, "least", "warning")),
            repeat_every=_given(general, "repeat_every", timedelta(hours=4)),
        )
        place = Path(_given(general, "home", str(home))).expanduser()
        config = Config(
            home=place,
            enabled=_given(general, "enabled", default=True),
            environment=_given(general, "environment", "default"),
            timezone=self.timezone(tree, general),
            store=_given(general, "store", f"sqlite:///{place / 'tocsin.db'}"),
            handover=_given(general, "handover", "spawn"),
            budget=_given(general, "budget", timedelta(seconds=5)),
            died_after=_given(general, "died_after", timedelta(seconds=60)),
            policy=policy,
            log_url=_given(general, "log_url", None),
            dagster_url=_given(general, "dagster_url", None),
            watchdog_url=_given(general, "watchdog_url", None),
            channels=self.channels(_table(tree, "channels"), runtime),
        )
        config = replace(config, pipelines=self.pipelines(_table(tree, "pipelines"), config.timezone))
        config = replace(config, routes=self.routes(tree.get("routes"), config))
        config = replace(config, maintenance=self.maintenance(tree.get("maintenance"), config.timezone))
        return replace(config, problems=tuple(self.problems))

    def read(
        self, tree: Tree, settings: Sequence[Setting], prefix: str, *, known: tuple[str, ...] = ()
    ) -> dict[str, object]:
        """Return the values that could be read; unknown keys and unreadable values become problems."""
        by_key = {setting.key: setting for setting in settings}
        values: dict[str, object] = {}
        for key, leaf in tree.items():
            if key in known:
                continue
            if key not in by_key:
                self.unknown(leaf, f"{prefix}.{key}", key, (*by_key, *known))
            elif not isinstance(leaf, Leaf):
                self.problems.append(_problem(leaf, f"{prefix}.{key}", "expected a value, found a table"))
            else:
                try:
                    values[key] = by_key[key].read(leaf.value)
                except ValueError as error:
                    self.problems.append(_problem(leaf, f"{prefix}.{key}", str(error)))
        return values

    def unknown(self, leaf: Leaf | Tree, full: str, key: str, known: Sequence[str]) -> None:
        near = difflib.get_close_matches(key, known, n=1)
        remedy = f"unknown key; did you mean {near[0]!r}?" if near else f"unknown key; known are: {', '.join(known)}"
        self.problems.append(_problem(leaf, full, remedy))

    def channels(self, tree: Tree, runtime: Tree) -> tuple[ChannelConfig, ...]:
        own = {setting.key for setting in CHANNEL}
        channels = []
        for name, table in tree.items():
            prefix = f"tocsin.channels.{name}"
            if isinstance(table, Leaf):
                self.problems.append(_problem(table, prefix, f"expected a table: write [{prefix}] and type = …"))
                continue
            leaves = {key: leaf for key, leaf in table.items() if isinstance(leaf, Leaf)}
            given = self.read({k: v for k, v in leaves.items() if k in own}, CHANNEL, prefix)
            if "type" not in given:
                self.problems.append(_problem(table, f"{prefix}.type", 'is missing; write for example type = "slack"'))
                continue
            channels.append(
                ChannelConfig(
                    name=name,
                    type=str(given["type"]),
                    origin=_origin(leaves["type"]),
                    settings={key: _text(leaf.value) for key, leaf in leaves.items() if key not in own},
                    origins={key: leaf.layer.origin for key, leaf in leaves.items()},
                    exposed=frozenset(key for key, leaf in leaves.items() if not leaf.layer.secrets_allowed),
                    fallback=_given(given, "fallback", None),
                )
            )
        names = {channel.name for channel in channels}
        for channel in channels:
            if channel.fallback is not None and channel.fallback not in names:
                leaf = _table(tree, channel.name)["fallback"]
                self.no_channel(leaf, f"tocsin.channels.{channel.name}.fallback", channel.fallback, names)
        return (*channels, *_from_dlt(runtime, channels))

    def no_channel(self, leaf: Leaf | Tree | None, key: str, name: str, names: set[str]) -> None:
        known = f"there are: {', '.join(sorted(names))}" if names else "no channel is configured"
        problem = _problem(leaf, key, f"no channel is called {name!r}; {known}")
        # What stands in the file may be a whole list of routes; the name is what matters.
        self.problems.append(replace(problem, found=name))

    def timezone(self, tree: Tree, general: Mapping[str, object]) -> str:
        if "timezone" not in general:
            return "UTC"
        from tocsin.core.schedule import parse_schedule  # not paid for by programs without a schedule

        name = str(general["timezone"])
        try:
            parse_schedule("@daily", timezone=name)
        except ValueError as error:
            self.problems.append(_problem(tree["timezone"], "tocsin.timezone", str(error)))
            return "UTC"
        return name

    def pipelines(self, tree: Tree, timezone: str) -> dict[str, PipelineConfig]:
        pipelines = {}
        for name, table in tree.items():
            prefix = f"tocsin.pipelines.{name}"
            if isinstance(table, Leaf):
                self.problems.append(_problem(table, prefix, f"expected a table: write [{prefix}]"))
                continue
            given = self.read(table, PIPELINE, prefix)
            pipelines[name] = PipelineConfig(
                enabled=_given(given, "enabled", default=True),
                owner=_given(given, "owner", ""),
                died_after=_given(given, "died_after", None),
                schedule=self.schedule(table, given, prefix, timezone),
                start_within=_given(given, "start_within", timedelta(minutes=15)),
                finish_within=_given(given, "finish_within", None),
                stuck_after=_given(given, "stuck_after", None),
                after=_given(given, "after", None),
            )
        if after := {name: pipeline.after for name, pipeline in pipelines.items() if pipeline.after}:
            from tocsin.core.dependency import order  # see timezone()

            self.problems += [
                Problem(origin=_origin(tree), key="tocsin.pipelines", found=None, remedy=problem)
                for problem in order(after).problems
            ]
        return pipelines

    def schedule(self, table: Tree, given: Mapping[str, object], prefix: str, timezone: str) -> Schedule | None:
        if "schedule" not in given:
            return None
        from tocsin.core.schedule import parse_schedule  # see timezone()

        zone: str = _given(given, "timezone", timezone)
        try:
            return parse_schedule(str(given["schedule"]), timezone=zone, source=_origin(table["schedule"]))
        except ValueError as error:
            self.problems.append(_problem(table["schedule"], f"{prefix}.schedule", str(error)))
            return None

    def entries(
        self, found: Leaf | Tree | None, key: str, settings: Sequence[Setting]
    ) -> Iterator[tuple[int, dict[str, object]]]:
        """Yield the number and the values of each table in a list of tables."""
        if found is None:
            return
        if not isinstance(found, Leaf) or not isinstance(found.value, list):
            self.problems.append(_problem(found, key, f"expected a list of tables: write [[{key}]]"))
            return
        for number, table in enumerate(found.value, start=1):
            if isinstance(table, Mapping):
                tree = merge([replace(found.layer, values=table)])
                yield number, self.read(tree, settings, f"{key}[{number}]")
            else:
                self.problems.append(_problem(found, f"{key}[{number}]", f"expected a table: write [[{key}]]"))

    def maintenance(self, found: Leaf | Tree | None, timezone: str) -> tuple[Maintenance, ...]:
        made = []
        for number, given in self.entries(found, "tocsin.maintenance", MAINTENANCE):
            from tocsin.config.maintenance import read_maintenance  # see timezone()

            try:
                made.append(read_maintenance(given, name=f"maintenance {number}", timezone=timezone))
            except ValueError as error:
                key = f"tocsin.maintenance[{number}]"
                self.problems.append(Problem(origin=_origin(found), key=key, found=None, remedy=str(error)))
        return tuple(made)

    def routes(self, found: Leaf | Tree | None, config: Config) -> tuple[Route, ...]:
        names = {channel.name for channel in config.channels}
        routes = []
        for number, given in self.entries(found, "tocsin.routes", ROUTE):
            prefix = f"tocsin.routes[{number}]"
            channels: tuple[str, ...] = _given(given, "channels", ())
            for name in channels:
                if name not in names:
                    self.no_channel(found, f"{prefix}.channels", name, names)
            known = tuple(name for name in channels if name in names)
            routes.append(
                Route(
                    name=_given(given, "name", f"route {number}"),
                    matchers=self.matchers(_given(given, "match", ()), found, f"{prefix}.match"),
                    # A route that names no channel we know would swallow its alerts, so it takes them all.
                    channels=known or tuple(channel.name for channel in config.channels),
                    policy=Policy(
                        least=Severity(_given(given, "least", config.policy.least)),
                        repeat_every=_given(given, "repeat_every", config.policy.repeat_every),
                    ),
                    go_on=_given(given, "go_on", default=False),
                )
            )
        return tuple(routes)

    def matchers(self, texts: Sequence[str], found: Leaf | Tree | None, key: str) -> tuple[Matcher, ...]:
        matchers = []
        for text in texts:
            try:
                matchers.append(parse_matcher(text, labels=LABELS))
            except ValueError as error:
                self.problems.append(Problem(origin=_origin(found), key=key, found=None, remedy=str(error)))
        return tuple(matchers)


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


def _from_dlt(runtime: Tree, channels: Sequence[ChannelConfig]) -> list[ChannelConfig]:
    """Return dlt's own Slack hook and Sentry DSN as channels, unless a configured channel has that address already."""
    taken = {channel.name for channel in channels}
    found = []
    for one in _OF_DLT:
        leaf = runtime.get(one.key)
        if not isinstance(leaf, Leaf) or not leaf.value:
            continue
        address = _text(leaf.value)
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


def _given(values: Mapping[str, object], key: str, default: T) -> T:
    return values.get(key, default)  # type: ignore[return-value]  # the readers of the settings table give the types


def _table(tree: Tree, key: str) -> Tree:
    found = tree.get(key)
    return found if isinstance(found, dict) else {}


def _origin(leaf: Leaf | Tree | None) -> str:
    if isinstance(leaf, Leaf):
        return leaf.layer.origin
    return next((_origin(inner) for inner in (leaf or {}).values()), "configuration")


def _problem(leaf: Leaf | Tree | None, key: str, remedy: str) -> Problem:
    found = _text(leaf.value)[:80] if isinstance(leaf, Leaf) and not leaf.layer.secrets_allowed else None
    return Problem(origin=_origin(leaf), key=key, found=found, remedy=remedy)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
