"""What every store promises about the order that was learned, and about the runs that it is learned from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from made import at, good_run
from tocsin.core.attribution import start_of
from tocsin.core.learned_order import LearnedOrder
from tocsin.core.run import Outcome
from tocsin.store.protocol import Store

_TEN_MINUTES = timedelta(minutes=10)


def _after(upstream: str, downstream: str = "orders") -> LearnedOrder:
    return LearnedOrder(upstream=upstream, downstream=downstream, runs=8)


def test_a_learned_order_is_found_from_both_ends(store: Store) -> None:
    """By those that wait and by those that are waited for, in their environment."""
    with store.writing() as tx:
        tx.save_learned_orders("orders", "default", [_after("stock"), _after("customers")])
        tx.save_learned_orders("revenue", "default", [_after("orders", "revenue")])
        tx.save_learned_orders("orders", "prod", [_after("prices")])

    with store.reading() as tx:
        assert list(tx.learned_orders("default", downstreams=["orders"])) == [_after("customers"), _after("stock")]
        assert list(tx.learned_orders("default", upstreams=["orders", "stock"])) == [
            _after("stock"),
            _after("orders", "revenue"),
        ]
        assert list(tx.learned_orders("prod")) == [_after("prices")]
        assert list(tx.learned_orders("default", downstreams=[])) == []


def test_what_was_learned_of_a_pipeline_is_replaced_as_a_whole(store: Store) -> None:
    """An order that its runs have disproved is gone, and that of others stays."""
    with store.writing() as tx:
        tx.save_learned_orders("orders", "default", [_after("stock"), _after("customers")])
        tx.save_learned_orders("revenue", "default", [_after("orders", "revenue")])
        tx.save_learned_orders("orders", "default", [replace(_after("customers"), runs=9)])
        tx.save_learned_orders("revenue", "default", [])

    with store.reading() as tx:
        assert list(tx.learned_orders("default")) == [replace(_after("customers"), runs=9)]


def test_attempts_of_a_pipeline_come_newest_first(store: Store) -> None:
    """Those that go on among them, and none of another environment."""
    runs = [
        good_run("first", ended=1),
        good_run("second", ended=2),
        good_run("goes on", ended=3, ended_at=None, outcome=Outcome.RUNNING),
    ]
    with store.writing() as tx:
        for one in (*runs, good_run("other", ended=4, pipeline="customers"), good_run("far", environment="prod")):
            tx.save_run(one)

    with store.reading() as tx:
        assert list(tx.starts("orders", "default", limit=2)) == [start_of(runs[2]), start_of(runs[1])]


def test_pipelines_that_ended_right_before_a_moment(store: Store) -> None:
    """What ended in that very moment counts, and what ended earlier, later or elsewhere does not."""
    ends = {"long ago": 9.9, "first": 10, "last": 20, "later": 20.1}
    with store.writing() as tx:
        for name, minute in ends.items():
            tx.save_run(good_run(name, pipeline=name, ended=minute))
        tx.save_run(good_run("far", pipeline="far", ended=15, environment="prod"))
        tx.save_run(good_run("runs", pipeline="runs", ended=15, ended_at=None, outcome=Outcome.RUNNING))

    with store.reading() as tx:
        assert list(tx.ended_before(at(20), "default", within=_TEN_MINUTES, limit=9)) == ["last", "first"]
        assert list(tx.ended_before(at(20), "default", within=_TEN_MINUTES, limit=1)) == ["last"]
