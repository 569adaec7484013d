"""The fast choice of routes, and why the others are not taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.labels import Labels
from tocsin.core.matchers import Matcher
from tocsin.core.passed_routes import passed
from tocsin.core.route import Route, choose
from tocsin.core.routing import Routing

_WORDS = ("", "a", "b", "ab")
_LABELS = ("pipeline", "severity", "owner", "tags")

_matchers = st.builds(
    Matcher,
    label=st.sampled_from(_LABELS),
    operator=st.sampled_from(("=", "!=", "=~", "!~")),
    value=st.sampled_from((*_WORDS, "a.*", "a|b")),
)
_alerts = st.fixed_dictionaries(
    {},
    optional={
        **{label: st.sampled_from(_WORDS) for label in _LABELS[:-1]},
        "tags": st.lists(st.sampled_from(_WORDS), max_size=3).map(tuple),
    },
)


def _routes(below: st.SearchStrategy[tuple[Route, ...]]) -> st.SearchStrategy[tuple[Route, ...]]:
    route = st.builds(
        Route,
        name=st.just("route"),
        matchers=st.lists(_matchers, max_size=2).map(tuple),
        go_on=st.booleans(),
        routes=below,
    )
    return st.lists(route, max_size=4).map(tuple)


_trees = st.recursive(st.just(()), _routes, max_leaves=6)


def _all(routes: Sequence[Route]) -> Iterator[Route]:
    for route in routes:
        yield route
        yield from _all(route.routes)


@given(tree=_trees, alerts=st.lists(_alerts, min_size=1, max_size=4))
def test_the_fast_choice_is_the_plain_one(tree: tuple[Route, ...], alerts: list[Labels]) -> None:
    """Whatever the routes are and whichever values were seen before, the same routes are taken in the same order."""
    routing = Routing(tree)

    for labels in [*alerts, *alerts]:
        assert [id(route) for route in routing.choose(labels)] == [id(route) for route in choose(labels, tree)]


@given(tree=_trees, labels=_alerts)
def test_every_route_is_taken_or_told_why_not(tree: tuple[Route, ...], labels: Labels) -> None:
    """No route is left without an answer, and none is both taken and passed."""
    taken = [id(route) for route in choose(labels, tree)]
    others = [id(one.route) for one in passed(labels, tree)]

    assert sorted(taken + others) == sorted(id(route) for route in _all(tree))


def test_values_are_forgotten_and_found_again() -> None:
    """More values of a label than are remembered cost time and no correct answer."""
    tree = (Route(name="a", matchers=(Matcher(label="pipeline", operator="=", value="p7"),)),)
    routing = Routing(tree)

    found = [number for number in range(100_001) if routing.choose({"pipeline": f"p{number}"})]

    assert found == [7]
    assert routing.choose({"pipeline": "p7"}) == [tree[0]]
