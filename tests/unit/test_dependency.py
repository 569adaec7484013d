"""Trouble upstream: who is to blame, who has to wait, and who is held up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made import at
from tocsin.core.dependency import Graph, Hold, Standing, blame, hold, impact, impact_text, order, with_learned
from tocsin.core.learned_order import LearnedOrder

#: customers and stock → orders → revenue → churn; orders → report.
_SHOP = order(
    {
        "orders": ("customers", "stock"),
        "revenue": ("orders",),
        "report": ("orders",),
        "churn": ("revenue",),
    }
)
_TROUBLED = Standing(troubled=True)
_EXPECTED = Standing(expected=True)
_NAMES = st.sampled_from("abcdef")
_AFTER = st.dictionaries(_NAMES, st.lists(_NAMES, max_size=3).map(tuple))
_LEARNED = st.lists(st.builds(LearnedOrder, upstream=_NAMES, downstream=_NAMES, runs=st.integers(8, 30)))
_STANDINGS = st.dictionaries(
    _NAMES,
    st.builds(Standing, troubled=st.booleans(), expected=st.booleans(), well_at=st.sampled_from([None, at(1), at(2)])),
)


@pytest.mark.parametrize(
    ("standings", "root"),
    [
        ({}, None),
        # orders is in trouble because of stock: whoever is woken has to look at stock.
        ({"orders": _TROUBLED, "stock": _TROUBLED}, "stock"),
        ({"orders": _TROUBLED}, "orders"),
        # orders is due and cannot start, for which nobody is told of it.
        ({"orders": _EXPECTED, "stock": _TROUBLED}, "stock"),
        # Waiting alone is no trouble.
        ({"orders": _EXPECTED, "stock": _EXPECTED}, None),
        # orders has delivered before stock failed: stock is not what holds revenue up.
        ({"orders": Standing(), "stock": _TROUBLED}, None),
        ({"orders": Standing(troubled=True, well_at=at(1)), "stock": _TROUBLED}, None),
    ],
)
def test_the_root_is_blamed(standings: dict[str, Standing], root: str | None) -> None:
    """Of all that is wrong upstream, the furthest is what somebody has to repair."""
    assert blame("revenue", _SHOP, standings) == root


@pytest.mark.parametrize(
    ("standings", "held"),
    [
        ({}, None),
        ({"customers": _TROUBLED}, Hold(upstream="customers")),
        # In time and still at work: whoever begins after it cannot begin yet.
        ({"customers": _EXPECTED}, Hold(upstream="customers")),
        # Trouble is told before patience.
        ({"customers": _EXPECTED, "stock": _TROUBLED}, Hold(upstream="stock")),
        # Free from the last of them on.
        (
            {"customers": Standing(well_at=at(20)), "stock": Standing(well_at=at(30))},
            Hold(upstream="stock", released_at=at(30)),
        ),
        (
            {"customers": Standing(well_at=at(20)), "stock": _TROUBLED},
            Hold(upstream="stock"),
        ),
        # It did its part and failed at the next: that does not hold anybody back.
        (
            {"customers": Standing(troubled=True, well_at=at(20))},
            Hold(upstream="customers", released_at=at(20)),
        ),
        # What is not upstream does not matter.
        ({"revenue": _TROUBLED}, None),
    ],
)
def test_a_pipeline_waits_for_all_of_its_upstreams(standings: dict[str, Standing], held: Hold | None) -> None:
    """A downstream can start when the last of its upstreams has delivered."""
    assert hold("orders", _SHOP, standings) == held


def test_the_impact_names_everything_behind_the_nearest_first() -> None:
    """Whoever reads the alert of customers knows what is missing in the morning."""
    assert impact("customers", _SHOP) == ("orders", "report", "revenue", "churn")
    assert impact("churn", _SHOP) == ()


def test_the_impact_counts_what_it_leaves_out() -> None:
    """Eight pipelines behind one are not cut off silently."""
    many = order({f"mart_{number}": ("orders",) for number in range(8)})

    assert impact_text(impact("orders", many)) == "blocks mart_0, mart_1, mart_2, mart_3, mart_4 +3 more"
    assert impact_text(()) == ""


def test_a_circle_is_reported_and_holds_nobody() -> None:
    """Pipelines that wait for each other would excuse each other for ever, so each is told of by itself."""
    graph = order({"a": ("b",), "b": ("c",), "c": ("a", "x"), "d": ("c",)})

    assert graph.problems == (
        (
            "a, b, c wait for each other, so none of them counts as upstream of the others; "
            "remove one of them from `after`"
        ),
    )
    assert blame("a", graph, {"b": _TROUBLED, "c": _TROUBLED}) is None
    assert blame("c", graph, {"x": _TROUBLED}) == "x"
    assert impact("c", graph) == ("d",)


def test_a_pipeline_after_itself_is_reported() -> None:
    """The smallest circle."""
    graph = order({"a": ("a", "x")})

    assert graph == Graph(upstreams={"a": ("x",)}, problems=("a is to run after itself; remove it from its `after`",))


@given(_AFTER, _STANDINGS)
def test_in_any_mass_of_trouble_somebody_is_told(
    after: dict[str, tuple[str, ...]], standings: dict[str, Standing]
) -> None:
    """Whoever is blamed is in trouble and blames nobody: no two excuse each other, whatever the order says."""
    graph = order(after)

    for name in "abcdef":
        root = blame(name, graph, standings)
        if root is not None:
            assert standings[root].troubled
            assert blame(root, graph, standings) is None
            assert name in impact(root, graph)
            assert root != name


@given(_AFTER)
def test_nobody_blocks_himself(after: dict[str, tuple[str, ...]]) -> None:
    """The graph has no circles, and problems are told exactly where one was."""
    graph = order(after)

    assert all(name not in impact(name, graph) for name in "abcdef")
    if not graph.problems:
        assert graph.upstreams == {name: tuple(dict.fromkeys(ups)) for name, ups in after.items() if ups}


def _learned(upstream: str, downstream: str, runs: int = 14) -> LearnedOrder:
    return LearnedOrder(upstream=upstream, downstream=downstream, runs=runs)


def test_a_learned_upstream_holds_like_a_written_one_and_says_where_it_comes_from() -> None:
    """Whoever is told later than the schedule says has to learn why somebody waited."""
    seen = _learned("revenue", "forecast")
    graph = with_learned(_SHOP, [seen])

    assert hold("forecast", graph, {"stock": _TROUBLED, "orders": _EXPECTED, "revenue": _EXPECTED}) == Hold(
        upstream="stock"
    )
    assert hold("forecast", graph, {"revenue": Standing(well_at=at(5))}) == Hold(
        upstream="revenue", released_at=at(5), learned=seen
    )


def test_the_impact_tells_what_of_it_was_learned() -> None:
    """What was written needs no reason, and what is not named needs none either."""
    learned = [_learned("orders", "revenue"), _learned("orders", "zebra")]

    assert impact_text(("churn", "revenue"), learned) == (
        "blocks churn, revenue (revenue usually starts after orders, learned from 14 runs)"
    )
    assert impact_text((), learned) == ""


def test_what_closes_a_circle_is_not_learned() -> None:
    """What is written wins over what was learned, and of two that were learned the one with more runs."""
    against_what_is_written = _learned("churn", "customers", 30)
    weaker, stronger = _learned("a", "b", 8), _learned("b", "a", 20)

    graph = with_learned(_SHOP, [against_what_is_written, weaker, stronger])

    assert graph.upstreams == {**_SHOP.upstreams, "a": ("b",)}
    assert graph.learned == {("a", "b"): stronger}


@given(_AFTER, _LEARNED)
def test_whatever_was_learned_nobody_blocks_himself(
    after: dict[str, tuple[str, ...]], learned: list[LearnedOrder]
) -> None:
    """The graph has no circles, and all that is written is still there."""
    written = order(after)
    graph = with_learned(written, learned)

    assert all(name not in impact(name, graph) for name in "abcdef")
    assert all(set(ups) <= set(graph.upstreams[name]) for name, ups in written.upstreams.items())
