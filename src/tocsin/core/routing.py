"""The same choice as `route.choose`, made fast: a large table of routes is asked for every alert."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.core.labels import Labels
from tocsin.core.matchers import Matcher
from tocsin.core.route import Route

#: Values of one label to remember. Beyond it everything is forgotten, which costs time and nothing else.
_MOST = 100_000


class Routing:
    """A tree of routes, with its answers remembered by the values of labels.

    Every matcher is a bit. For a value of a label that was seen before, one look-up tells which matchers on that
    label hold, so neither the number of routes nor their patterns cost anything again.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        """Number the matchers of the tree."""
        self._routes = tuple(routes)
        self._bits: dict[int, int] = {}
        self._by_label: dict[str, list[tuple[Matcher, int]]] = {}
        self._known: dict[tuple[str, str | tuple[str, ...]], int] = {}
        numbered: dict[Matcher, int] = {}
        self._number(self._routes, numbered)
        for matcher, bit in numbered.items():
            self._by_label.setdefault(matcher.label, []).append((matcher, bit))

    def choose(self, labels: Labels) -> list[Route]:
        """Return the routes an alert takes."""
        holds = 0
        for label in self._by_label:
            value = labels.get(label, "")
            known = self._known.get((label, value))
            holds |= self._ask(label, value, labels) if known is None else known
        return self._walk(self._routes, holds)

    def _number(self, routes: Sequence[Route], numbered: dict[Matcher, int]) -> None:
        for route in routes:
            bits = 0
            for matcher in route.matchers:
                bits |= numbered.setdefault(matcher, 1 << len(numbered))
            self._bits[id(route)] = bits
            self._number(route.routes, numbered)

    def _ask(self, label: str, value: str | tuple[str, ...], labels: Labels) -> int:
        holds = sum(bit for matcher, bit in self._by_label[label] if matcher.matches(labels))
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[label, value] = holds
        return holds

    def _walk(self, routes: Sequence[Route], holds: int) -> list[Route]:
        taken: list[Route] = []
        for route in routes:
            bits = self._bits[id(route)]
            if bits & holds == bits:
                taken += (self._walk(route.routes, holds) if route.routes else None) or [route]
                if not route.go_on:
                    break
        return taken
