"""The runs around a run, on every store."""

from __future__ import annotations

from datetime import timedelta

from made import NOON, run
from tocsin.core.run import Outcome, Run
from tocsin.store.protocol import Store

HOUR = timedelta(hours=1)


def save(store: Store, *runs: Run) -> None:
    """Save runs in one transaction."""
    with store.writing() as tx:
        for one in runs:
            tx.save_run(one)


def test_a_run_stands_among_those_of_its_pipeline(store: Store) -> None:
    """So many before and after it are returned in the order of their starts, and none of another environment."""
    runs = [run(f"r{number}", started_at=NOON + number * HOUR) for number in range(6)]
    save(store, *reversed(runs), run("other", environment="prod"), run("another", pipeline="stock"))
    with store.reading() as tx:
        found = tx.neighbourhood(runs[3], each=2)
        first = tx.neighbourhood(runs[0], each=2)
    assert [one.id for one in found.runs] == ["r1", "r2", "r3", "r4", "r5"]
    assert found.before is not None
    assert found.after is not None
    assert (found.before.id, found.after.id) == ("r2", "r4")
    assert (first.before, first.place) == (None, 0)


def test_runs_that_began_at_once_have_one_order(store: Store) -> None:
    """Each of them is before or after the other, never both."""
    runs = [run(name, started_at=NOON) for name in "ab"]
    save(store, *runs)
    with store.reading() as tx:
        of_a, of_b = (tx.neighbourhood(one, each=9) for one in runs)
    assert (of_a.before, of_b.after) == (None, None)
    assert of_a.after is not None
    assert of_a.after.id == "b"


def test_attempts_and_the_last_good_run_are_found(store: Store) -> None:
    """Attempts share what the orchestrator calls them, whatever characters that has; runs without that are alone."""
    name = "manual \0 \udcff"
    first = run("first", logical_id=name, started_at=NOON, outcome=Outcome.FAILED)
    second = run("second", logical_id=name, attempt=2, started_at=NOON + HOUR)
    good = run("good", logical_id="", outcome=Outcome.SUCCEEDED, started_at=NOON - HOUR)
    empty = run("empty", logical_id="", outcome=Outcome.NO_DATA, started_at=NOON - HOUR / 2)
    save(store, second, first, good, empty)
    with store.reading() as tx:
        of_second, of_good = tx.neighbourhood(second, each=9), tx.neighbourhood(good, each=9)
    assert [(one.id, one.attempt) for one in of_second.attempts] == [("first", 1), ("second", 2)]
    assert of_second.last_good is not None
    assert of_second.last_good.id == "good"
    assert [one.id for one in of_good.attempts] == ["good"]
    assert of_good.last_good is None
