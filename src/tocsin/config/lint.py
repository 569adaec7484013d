"""What can be read in a configuration and cannot be meant: routes that are never taken, never tell or say twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tocsin.config.layer import Layer
from tocsin.config.merge import Tree, merge
from tocsin.config.model import Config, Problem
from tocsin.config.reader import origin_of, problem_of, table_of
from tocsin.config.uplink import is_unencrypted
from tocsin.core.finding import Kind, Topic
from tocsin.core.matchers import Matcher
from tocsin.core.route import Route
from tocsin.core.severity import Severity

#: Labels of which every value is known.
_CLOSED = {
    "severity": tuple(severity.value for severity in Severity),
    "kind": tuple(kind.value for kind in Kind if kind is not Kind.RECOVERED),
    "topic": tuple(topic.value for topic in Topic),
}


def lint(layers: Sequence[Layer], config: Config, now: datetime) -> list[Problem]:
    """Return what is doubtful in a configuration that can be used.

    Args:
        layers: What `config` was read from.
        config: The checked configuration.
        now: The present, aware: a route may never tell any more.
    """
    tree = table_of(merge(layers), "tocsin")
    routes, owners = origin_of(tree.get("routes")), table_of(tree, "owners")
    known = {*(pipeline.owner for pipeline in config.pipelines.values()), *(check.owner for check in config.checks)}
    return [
        *(
            Problem(origin=routes, key=key, found=None, remedy=remedy)
            for key, remedy in _routes(config.routes, Route(name=""), (), now)
        ),
        *(
            Problem(
                origin=origin_of(owners[owner]),
                key=f"tocsin.owners.{owner}",
                found=None,
                remedy=f'no pipeline has this owner, and no check; write owner = "{owner}" in '
                "[tocsin.pipelines.NAME] or [tocsin.checks.NAME], or remove it",
            )
            for owner in config.owners
            if owner not in known
        ),
        *_server(tree, config),
    ]


def _server(tree: Tree, config: Config) -> Iterator[Problem]:
    if config.server is None:
        return
    for name in ("channels", "routes", "owners", "maintenance"):
        if name in tree:
            remedy = "has no effect, because reports go to the server: whom it tells is configured there"
            yield Problem(origin=origin_of(tree[name]), key=f"tocsin.{name}", found=None, remedy=remedy)
    if config.api_key and is_unencrypted(config.server):
        remedy = "sends the key over the network in plain sight; write https://"
        yield problem_of(tree.get("server"), "tocsin.server", remedy)


def _routes(
    routes: Sequence[Route], above: Route, asked: tuple[Matcher, ...], now: datetime
) -> Iterator[tuple[str, str]]:
    """Yield key and remedy of what is doubtful in one list of routes.

    Args:
        routes: The list.
        above: The route they stand in.
        asked: The conditions of all routes they stand in.
        now: The present.
    """
    for number, route in enumerate(routes):
        never = _never_fits((*asked, *route.matchers))
        hiding = next((elder for elder in routes[:number] if _hides(elder, route)), None)
        if never:
            yield f"{route.key}.match", never
        elif hiding is not None:
            if hiding.matchers:
                yield f"{route.key}.match", _hidden(route, hiding)
        else:
            if not route.matchers and not route.go_on and (rest := routes[number + 1 :]):
                yield f"{route.key}.match", _swallowed(route, rest)
            yield from _policy(route, above, now)
            yield from _routes(route.routes, route, (*asked, *route.matchers), now)


def _hides(elder: Route, route: Route) -> bool:
    """Whether nothing comes as far as `route`, because `elder` takes all that it would take."""
    return not elder.go_on and all(any(_implies(given, asked) for given in route.matchers) for asked in elder.matchers)


def _swallowed(route: Route, rest: Sequence[Route]) -> str:
    names = ", ".join(each.name for each in rest)
    return (
        f"{route.name} has no condition and takes all that comes to it, so that nothing is left for {names}: move it "
        "to the end, give it a condition, or write go_on = true"
    )


def _hidden(route: Route, elder: Route) -> str:
    asked = " and ".join(map(str, elder.matchers))
    return (
        f"{route.name} gets nothing: {elder.name} before it asks for {asked} only, and takes all that fits here: "
        f"move {route.name} before it, or write go_on = true in {elder.name}"
    )


def _implies(given: Matcher, asked: Matcher) -> bool:
    """Whether `asked` surely holds where `given` does."""
    if given == asked or (asked.operator, asked.value) == ("=~", ".*"):
        return True
    if given.label != asked.label or given.operator != "=":
        return False
    # One of several tags says nothing of the others.
    return (asked.label != "tags" or asked.operator in {"=", "=~"}) and asked.matches({given.label: given.value})


def _never_fits(matchers: Sequence[Matcher]) -> str:
    """Return why no alert fulfils all of these conditions; an empty text where one may."""
    for matcher in matchers:
        values = _CLOSED.get(matcher.label, ())
        if values and not any(matcher.matches({matcher.label: value}) for value in values):
            return f"nothing fits {matcher}: the {matcher.label} of a problem is one of {', '.join(values)}"
    for given in matchers:
        for other in matchers:
            if given.label == other.label and _contradicts(given, other):
                return f"nothing fits {given} and {other} at once; remove one of them, here or in a route above"
    return ""


def _contradicts(given: Matcher, other: Matcher) -> bool:
    # Of several tags each can fulfil another condition.
    asks_for_one = given.label != "tags" or other.operator in {"!=", "!~"}
    return given.operator == "=" and asks_for_one and not other.matches({given.label: given.value})


def _policy(route: Route, above: Route, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield what is doubtful in how a route tells; what it has from the route above is told there."""
    policy, theirs = route.policy, above.policy
    if (policy.active, policy.mute) != (theirs.active, theirs.mute) and policy.tells_next(now) is None:
        which = "active" if policy.active != theirs.active else "mute"
        yield (
            f"{route.key}.{which}",
            f"{route.name} never tells within a year from now: no time lies inside of active and outside of mute",
        )
    if policy.escalate != theirs.escalate:
        named = [*route.channels, *(name for step in policy.escalate for name in step.channels)]
        for name in dict.fromkeys(name for name in named if named.count(name) > 1):
            yield f"{route.key}.escalate", f"{name} hears of it before: name another channel, or remove it here"
