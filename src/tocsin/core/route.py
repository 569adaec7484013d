"""Which channels hear of an alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tocsin.core.matchers import Matcher
from tocsin.core.policy import Policy

#: What a route can ask for.
LABELS = ("pipeline", "environment", "severity", "kind", "topic", "owner", "channel")


@dataclass(frozen=True, kw_only=True)
class Route:
    """Alerts that fulfil every matcher go to these channels."""

    #: "route 2" or the name that was given, for explanations.
    name: str
    matchers: tuple[Matcher, ...] = ()
    channels: tuple[str, ...] = ()
    policy: Policy = field(default_factory=Policy)
    #: Go on with the following routes although this one matched.
    go_on: bool = False


def choose(labels: Mapping[str, str], routes: Sequence[Route], *, default: Route) -> Sequence[Route]:
    """Return the routes an alert takes: the first that matches, and those after it while they say "go on".

    An alert that no route matches takes `default`: it is better told to everybody than to nobody.
    """
    taken = []
    for route in routes:
        if all(matcher.matches(labels) for matcher in route.matchers):
            taken.append(route)
            if not route.go_on:
                break
    return taken or [default]
