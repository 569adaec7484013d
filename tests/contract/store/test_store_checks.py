"""What every store promises about the results of checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from check_samples import NOW, check, result
from tocsin.core.check import CheckHistory
from tocsin.store.protocol import Store, Transaction

_EMPTY = CheckHistory(pipeline="support", environment="default", check="has_customer")


def test_the_results_of_a_check_come_back_as_they_were(store: Store) -> None:
    """Each check of each pipeline has its own, in its environment."""
    history = _EMPTY.add(result(check=check(values=(1, "two", 2.5)))).add(result(at=NOW + timedelta(hours=1)))
    with store.writing() as tx:
        tx.save_check_history(history)
        tx.save_check_history(replace(_EMPTY, environment="prod", results=(result(failing=7),)))

    with store.reading() as tx:
        assert tx.check_history("support", "default", "has_customer") == history
        assert tx.check_history("support", "prod", "has_customer").results[0].failing == 7


def test_a_check_that_never_ran_has_an_empty_history(store: Store) -> None:
    """Nobody has to ask beforehand whether there is one."""
    with store.reading() as tx:
        assert tx.check_history("support", "default", "has_customer") == _EMPTY


def test_a_later_history_replaces_the_earlier_one(store: Store) -> None:
    """What is saved last is all that is kept."""
    first, second = _EMPTY.add(result()), _EMPTY.add(result(failing=0, at=NOW + timedelta(hours=1)))
    with store.writing() as tx:
        tx.save_check_history(first)
        tx.save_check_history(second)

    with store.reading() as tx:
        assert tx.check_history("support", "default", "has_customer") == second


def test_all_checks_of_a_pipeline_are_found_by_their_names(store: Store) -> None:
    """Those of other pipelines and environments are left out."""
    with store.writing() as tx:
        for name in ("unique_id", "has_customer"):
            tx.save_check_history(replace(_EMPTY, check=name, results=(result(),)))
        tx.save_check_history(replace(_EMPTY, pipeline="orders", results=(result(),)))
        tx.save_check_history(replace(_EMPTY, environment="prod", results=(result(),)))

    with store.reading() as tx:
        assert [one.check for one in tx.check_histories("support", "default")] == ["has_customer", "unique_id"]
        assert tx.check_histories("nobody", "default") == []


def _asked(tx: Transaction, name: str, *, pipeline: str = "support", environment: str = "default", **last: Any) -> None:
    known = CheckHistory(pipeline=pipeline, environment=environment, check=name)
    tx.save_check_history(known.add(result(at=NOW - timedelta(hours=1), failing=9, checked=10)).add(result(**last)))


def test_checks_are_listed_in_pages_that_begin_with_the_worst(store: Store) -> None:
    """By their last results: one that could not be run is an error; then by check, pipeline and environment."""
    with store.writing() as tx:
        _asked(tx, "a_passes", failing=0)
        _asked(tx, "z_fails", failing=9, checked=10)
        _asked(tx, "warns_100%", failing=1, checked=1000)
        _asked(tx, "breaks", failing=None, error="no such column")
        _asked(tx, "breaks", failing=None, error="no such column", environment="prod")
        _asked(tx, "A_Passes", pipeline="Orders", failing=0)
    names = ["breaks", "breaks", "z_fails", "warns_100%", "A_Passes", "a_passes"]

    with store.reading() as tx:
        listed = tx.checks_worst_first(limit=10)
        assert [one.check for one in listed] == names
        assert [one.environment for one in listed[:2]] == ["default", "prod"]
        for number, one in enumerate(listed):
            after = tx.checks_worst_first(after=one.place, limit=2)
            assert [each.check for each in after] == names[number + 1 : number + 3]
        assert [one.check for one in tx.checks_worst_first(failing=True, limit=10)] == names[:4]
        assert [one.check for one in tx.checks_worst_first(environment="prod", limit=10)] == ["breaks"]
        assert [one.check for one in tx.checks_worst_first(search="order", limit=10)] == ["A_Passes"]
        assert [one.check for one in tx.checks_worst_first(search="a_p", limit=10)] == ["A_Passes", "a_passes"]
        assert [one.check for one in tx.checks_worst_first(search="0%", limit=10)] == ["warns_100%"]
        assert tx.count_checks() == {0: 2, 2: 1, 3: 3}
        assert tx.count_checks(environment="prod") == {3: 1}
        assert tx.count_checks(environment="test") == {}
