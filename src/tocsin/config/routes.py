"""`[[tocsin.routes]]`, `[tocsin.owners]` and what `[tocsin]` says for all routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from tocsin.config.merge import Leaf, Tree
from tocsin.config.model import Config, Problem
from tocsin.config.reader import Reader, origin_of, problem_of, value_of
from tocsin.config.settings import ROUTE
from tocsin.core.duration import parse_duration
from tocsin.core.matchers import Matcher, parse_matcher
from tocsin.core.policy import Policy, Step
from tocsin.core.route import LABELS, Route
from tocsin.core.severity import Severity

if TYPE_CHECKING:
    from tocsin.core.time_window import Window


def read_policy(given: Mapping[str, object], above: Policy) -> Policy:
    """Return what a table says of how to tell; what it leaves open is as in the table above it."""
    return replace(
        above,
        least=Severity(value_of(given, "least", above.least)),
        repeat_every=value_of(given, "repeat_every", above.repeat_every),
        group_by=value_of(given, "group_by", above.group_by),
        group_above=value_of(given, "group_above", above.group_above),
        group_wait=value_of(given, "group_wait", above.group_wait),
        group_interval=value_of(given, "group_interval", above.group_interval),
    )


def read_owners(reader: Reader, tree: Tree, channels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the channels of owners."""
    owners = {}
    for owner, leaf in tree.items():
        key = f"tocsin.owners.{owner}"
        found = leaf.value if isinstance(leaf, Leaf) else None
        names = [found] if isinstance(found, str) else found
        if not isinstance(names, list):
            reader.problems.append(problem_of(leaf, key, f'expected names of channels: write {owner} = ["ops"]'))
            continue
        for name in names:
            if name not in channels:
                reader.no_channel(leaf, key, str(name), set(channels))
        if known := tuple(name for name in names if name in channels):
            owners[owner] = known
    return owners


def read_routes(reader: Reader, found: Leaf | Tree | None, config: Config) -> tuple[Route, ...]:
    """Return the tree of routes."""
    top = Route(name="", channels=tuple(channel.name for channel in config.channels), policy=config.policy)
    return _Routes(reader, found, config).below(found, "tocsin.routes", top)


class _Routes:
    """Reads the routes of one configuration; all of them stand in one list in one file."""

    def __init__(self, reader: Reader, found: Leaf | Tree | None, config: Config) -> None:
        self._reader = reader
        self._found = found
        self._config = config
        self._names = {channel.name for channel in config.channels}

    def below(self, found: Leaf | Tree | None, key: str, above: Route) -> tuple[Route, ...]:
        """Return the routes that stand in this list; what they leave open is as in the route above them."""
        made = []
        for number, table in self._reader.entries(found, key):
            name = f"{above.name}.{number}" if above.name else f"route {number}"
            made.append(self._route(table, f"{key}[{number}]", name, above))
        # A condition that cannot be read says nothing about whom the route is for: it is for nobody.
        return tuple(route for route in made if route is not None)

    def _route(self, table: Tree, key: str, name: str, above: Route) -> Route | None:
        given = self._reader.read(table, ROUTE, key, known=("routes",))
        named: tuple[str, ...] = value_of(given, "channels", above.channels)
        matchers = self._matchers(value_of(given, "match", ()), f"{key}.match")
        if matchers is None:
            return None
        policy = read_policy(given, above.policy)
        route = Route(
            name=value_of(given, "name", name),
            matchers=matchers,
            # A route that names no channel we know would swallow its alerts, so they go where they went without it.
            channels=self._known(named, f"{key}.channels") or above.channels,
            policy=replace(
                policy,
                group_by=self._labels(policy.group_by, f"{key}.group_by"),
                escalate=self._steps(given, f"{key}.escalate") or policy.escalate,
                active=self._windows(given, "active", key) or policy.active,
                mute=self._windows(given, "mute", key) or policy.mute,
            ),
            go_on=value_of(given, "go_on", default=False),
            key=key,
        )
        return replace(route, routes=self.below(table.get("routes"), f"{key}.routes", route))

    def _matchers(self, texts: Sequence[str], key: str) -> tuple[Matcher, ...] | None:
        matchers = []
        for text in texts:
            try:
                matchers.append(parse_matcher(text, labels=LABELS))
            except ValueError as error:
                self._refuse(key, f"{error}. The route is left out until then")
        return tuple(matchers) if len(matchers) == len(texts) else None

    def _labels(self, names: Sequence[str], key: str) -> tuple[str, ...]:
        for name in names:
            if name not in LABELS:
                self._refuse(key, f"{name!r} is no label; there are: {', '.join(LABELS)}", found=name)
        return tuple(name for name in names if name in LABELS)

    def _steps(self, given: Mapping[str, object], key: str) -> tuple[Step, ...]:
        steps = []
        for text in cast("Sequence[str]", given.get("escalate", ())):
            after, *channels = text.split() or [""]
            if not channels:
                self._refuse(key, 'names no channel; write for example "15m pager"', found=text)
                continue
            try:
                length = parse_duration(after)
            except ValueError as error:
                self._refuse(key, f'{error}; a step is a time and channels: "15m pager"', found=text)
                continue
            if known := self._known(channels, key):
                steps.append(Step(after=length, channels=known))
        return tuple(sorted(steps, key=lambda step: step.after))

    def _windows(self, given: Mapping[str, object], name: str, key: str) -> tuple[Window, ...]:
        windows = []
        for text in cast("Sequence[str]", given.get(name, ())):
            from tocsin.core.time_window import parse_window  # not paid for by programs without a window

            try:
                windows.append(parse_window(text, zone=self._config.timezone))
            except ValueError as error:
                self._refuse(f"{key}.{name}", str(error))
        return tuple(windows)

    def _known(self, names: Sequence[str], key: str) -> tuple[str, ...]:
        for name in names:
            if name not in self._names:
                self._reader.no_channel(self._found, key, name, self._names)
        return tuple(name for name in names if name in self._names)

    def _refuse(self, key: str, remedy: str, *, found: str | None = None) -> None:
        self._reader.problems.append(Problem(origin=origin_of(self._found), key=key, found=found, remedy=remedy))
