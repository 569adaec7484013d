"""What every store promises about the results of checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from check_samples import NOW, check, result
from tocsin.core.check import CheckHistory
from tocsin.store.protocol import Store

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
