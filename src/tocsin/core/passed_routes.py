"""Why an alert does not take a route: the other side of `route.choose`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tocsin.core.labels import Labels
from tocsin.core.matchers import Matcher
from tocsin.core.route import Route, choose


@dataclass(frozen=True, kw_only=True)
class Passed:
    """A route that is not taken."""

    route: Route
    #: Why not, as a sentence without a full stop.
    why: str


def passed(labels: Labels, routes: Sequence[Route]) -> Iterator[Passed]:
    """Yield every route of the tree that an alert with these labels does not take, from top to bottom."""
    return _passed(labels, routes, above="")


def _passed(labels: Labels, routes: Sequence[Route], *, above: str) -> Iterator[Passed]:
    """Yield the routes of one list and those below them; `above` tells why the whole list is not asked."""
    ended = ""
    for route in routes:
        if why := above or ended or _unmet(route, labels):
            yield Passed(route=route, why=why)
            yield from _passed(
                labels, route.routes, above=above or ended or f"{route.name} above it did not match: {why}"
            )
            continue
        if below := choose(labels, route.routes):
            yield Passed(route=route, why=f"{below[0].name} below it is taken in its place")
        yield from _passed(labels, route.routes, above="")
        if not route.go_on:
            ended = f"{route.name} comes first and does not go on"


def _unmet(route: Route, labels: Labels) -> str:
    """Return the conditions that do not hold, with what was found; an empty text where all of them do."""
    unmet = [matcher for matcher in route.matchers if not matcher.matches(labels)]
    return " and ".join(f"{matcher} is not so ({_found(matcher, labels)})" for matcher in unmet)


def _found(matcher: Matcher, labels: Labels) -> str:
    found = labels.get(matcher.label) or ""
    return f"it is {found if isinstance(found, str) else ', '.join(found)}" if found else "it is empty"
