"""The same choice as `route.choose`, remembered: a large tree of routes is asked for every alert."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.core.labels import Labels
from tocsin.core.route import Route, choose

#: Answers to remember. Beyond it all of them are forgotten, which costs time and nothing else.
_MOST = 100_000


class Routing:
    """A tree of routes that answers at once what it was asked before.

    An alert is asked for whenever something happens to it and whenever it is looked at, by the same labels.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        """Take a tree; only the labels that its matchers ask for tell one alert from another."""
        self._routes = tuple(routes)
        self._labels = tuple({label: None for route in _all(routes) for label in _asked(route)})
        self._known: dict[tuple[str | tuple[str, ...], ...], list[Route]] = {}

    def choose(self, labels: Labels) -> list[Route]:
        """Return the routes an alert takes."""
        asked = tuple(labels.get(label, "") for label in self._labels)
        if (known := self._known.get(asked)) is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[asked] = choose(labels, self._routes)
        return known


def _all(routes: Sequence[Route]) -> Iterator[Route]:
    for route in routes:
        yield route
        yield from _all(route.routes)


def _asked(route: Route) -> Iterator[str]:
    return (matcher.label for matcher in route.matchers)
