"""Which way an alert takes: a tree of routes, each with conditions, channels and a policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tocsin.core.labels import Labels
from tocsin.core.matchers import Matcher
from tocsin.core.policy import Policy

#: What a route can ask for.
LABELS = ("pipeline", "environment", "severity", "kind", "topic", "owner", "table", "check", "tags", "channel")


@dataclass(frozen=True, kw_only=True)
class Route:
    """Alerts that fulfil every matcher go to these channels, unless a route below knows better."""

    #: "route 2", "route 2.1" or the name that was given, for explanations.
    name: str
    matchers: tuple[Matcher, ...] = ()
    channels: tuple[str, ...] = ()
    policy: Policy = field(default_factory=Policy)
    #: Go on with the following routes although this one matched.
    go_on: bool = False
    #: Asked in their order once this route matches; where none of them does, the route itself is taken.
    routes: tuple[Route, ...] = ()
    #: Where it stands in the configuration: "tocsin.routes[2].routes[1]".
    key: str = field(default="", compare=False, repr=False)

    def fits(self, labels: Labels) -> bool:
        """Whether `labels` fulfil every matcher."""
        return all(matcher.matches(labels) for matcher in self.matchers)


def choose(labels: Labels, routes: Sequence[Route]) -> list[Route]:
    """Return the routes an alert takes: the first that matches, and those after it while they say "go on".

    Of a route with routes below it, those are returned in its place that match in the same way. Nothing is returned
    where no route matches; `engine.ways` then falls back to owners and to every channel.
    """
    taken: list[Route] = []
    for route in routes:
        if route.fits(labels):
            taken += choose(labels, route.routes) or [route]
            if not route.go_on:
                break
    return taken
