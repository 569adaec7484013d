"""What is old goes once a day and little by little, and what remains of it stays."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from made import alert, run
from stores import NewStore
from tocsin.config.model import Config
from tocsin.core.daily import Day
from tocsin.core.retention import Kept, Retention
from tocsin.core.run import Outcome, TableLoad
from tocsin.engine import prune as pruning
from tocsin.engine.days import make_days
from tocsin.engine.engine import Engine
from tocsin.engine.opening import open_engine
from tocsin.engine.prune import Pruning, count_old, describe, prune, prune_daily
from tocsin.store.protocol import Store

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
TODAY = datetime(2026, 11, 23, tzinfo=UTC)
DAY = timedelta(days=1)
MANY = 5_000


class Keeper:
    """An engine that keeps runs for 30 days and events for 7, and whose clock is set by hand."""

    def __init__(self, store: Store, home: Path) -> None:
        """Open the engine on a store."""
        self.now = NOW
        config = Config(home=home, retention=Retention(events=7 * DAY, runs=30 * DAY))
        self.engine: Engine = open_engine(config, store=store, clock=lambda: self.now)

    def save(self, run_id: str, at: datetime, **changes: Any) -> None:
        """Save a run of ten minutes with seven rows."""
        tables = (TableLoad(table="orders", rows=7),)
        ended = {"ended_at": at + timedelta(minutes=10), **changes}
        with self.engine.store.writing() as tx:
            tx.save_run(run(run_id, started_at=at, tables=tables, **ended))

    def days(self, pipeline: str = "orders") -> dict[date, Day]:
        """Return the days of a pipeline."""
        with self.engine.store.reading() as tx:
            return {each.day: each for each in tx.days(pipeline, "default", since=date.min)}

    def run_ids(self) -> set[str]:
        """Return which runs are there."""
        with self.engine.store.reading() as tx:
            return {each.id for each in tx.runs(limit=10_000)}


@pytest.fixture
def keeper(new_store: NewStore, tmp_path: Path) -> Keeper:
    """Give an engine on an empty store."""
    return Keeper(new_store(), tmp_path)


def test_days_are_made_of_the_runs_that_began_on_them(keeper: Keeper) -> None:
    """A run counts on the day by UTC on which it began, with its rows and time; today is not over yet."""
    keeper.save("1", TODAY - DAY, outcome=Outcome.SUCCEEDED)
    keeper.save("2", TODAY - timedelta(minutes=1), outcome=Outcome.FAILED)
    keeper.save("3", TODAY - 3 * DAY)
    keeper.save("4", TODAY)
    keeper.save("goes on", TODAY - DAY, outcome=Outcome.RUNNING, ended_at=None)
    assert make_days(keeper.engine) == TODAY
    assert sorted(keeper.days()) == [(TODAY - 3 * DAY).date(), (TODAY - DAY).date()]
    yesterday = keeper.days()[(TODAY - DAY).date()]
    assert yesterday == Day(
        pipeline="orders",
        environment="default",
        day=yesterday.day,
        runs={"succeeded": 1, "failed": 1},
        took=timedelta(minutes=20),
        longest=timedelta(minutes=10),
        rows=14,
    )


def test_days_made_again_are_the_same(keeper: Keeper) -> None:
    """Nothing is counted twice, and a run that was reported late is added to its day."""
    keeper.save("1", TODAY - 2 * DAY)
    make_days(keeper.engine)
    make_days(keeper.engine)
    keeper.save("late", TODAY - 2 * DAY)
    keeper.now += timedelta(hours=1)
    make_days(keeper.engine)
    assert {day: sum(each.runs.values()) for day, each in keeper.days().items()} == {(TODAY - 2 * DAY).date(): 2}


def test_days_of_many_runs_are_made_in_batches(keeper: Keeper) -> None:
    """More runs than are read at once, of more pipelines than are written at once, are all counted."""
    with keeper.engine.store.writing() as tx:
        for number in range(MANY):
            name = f"p{number % 700}"
            tx.save_run(run(f"{number}", pipeline=name, started_at=TODAY - DAY, ended_at=TODAY - DAY + DAY / 24))
    make_days(keeper.engine)
    counts = [sum(each.runs.values()) for number in range(700) for each in keeper.days(f"p{number}").values()]
    assert (len(counts), sum(counts)) == (700, MANY)


def test_old_runs_go_and_their_days_stay(keeper: Keeper) -> None:
    """What was counted before runs were deleted is not counted anew afterwards."""
    for days in (40, 35, 20, 0):
        keeper.save(f"{days} days ago", TODAY - days * DAY)
    assert prune(keeper.engine) == {Kept.RUNS: 2}
    assert keeper.run_ids() == {"20 days ago", "0 days ago"}
    made = keeper.days()
    assert len(made) == 3
    for _ in range(5):
        keeper.now += DAY
        prune(keeper.engine)
    assert made.items() <= keeper.days().items()


def test_all_kinds_of_old_things_go(keeper: Keeper) -> None:
    """Each has its own age, and what would go is counted before anything does."""
    keeper.save("newest", NOW - 90 * DAY)
    with keeper.engine.store.writing() as tx:
        tx.remember_events(["old"], NOW - 8 * DAY)
        tx.remember_events(["young"], NOW - 6 * DAY)
        tx.save_alert(alert(id="open", last_at=NOW - 500 * DAY))
    assert count_old(keeper.engine) == {Kept.EVENTS: 1}
    assert prune(keeper.engine) == {Kept.EVENTS: 1}
    assert prune(keeper.engine) == {}
    assert keeper.run_ids() == {"newest"}


def test_it_is_done_once_a_day(keeper: Keeper) -> None:
    """Whoever asks first within a day does it; a clock that was ahead does not put it off for long."""
    assert prune_daily(keeper.engine) is not None
    assert prune_daily(keeper.engine) is None
    keeper.now += timedelta(hours=23)
    assert prune_daily(keeper.engine) is None
    keeper.now += timedelta(hours=1)
    assert prune_daily(keeper.engine) is not None
    keeper.now -= timedelta(days=400)
    assert prune_daily(keeper.engine) is not None


def test_it_ends_when_the_engine_is_told_to(keeper: Keeper) -> None:
    """An engine that is to stop begins no further batch, and no day counts as made of which not all was read."""
    keeper.save("1", TODAY - 2 * DAY)
    keeper.engine.stopping.set()
    with keeper.engine.store.writing() as tx:
        tx.remember_events(["old"], NOW - 8 * DAY)
    assert prune(keeper.engine) == {}
    keeper.engine.stopping.clear()
    assert prune(keeper.engine) == {Kept.EVENTS: 1}
    assert len(keeper.days()) == 1


def test_others_write_while_much_is_deleted(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two batches a writer has its turn: it is done long before all that is old has gone."""
    monkeypatch.setattr(pruning, "_BATCH", MANY // 100)
    with keeper.engine.store.writing() as tx:
        for number in range(MANY):
            tx.remember_events([f"old {number}"], NOW - 8 * DAY)
    left: list[int] = []

    def write() -> None:
        for number in range(3):
            with keeper.engine.store.writing() as tx:
                tx.remember_events([f"young {number}"], NOW)
                left.append(tx.count_old(Kept.EVENTS, before=NOW - 7 * DAY))

    deleting = threading.Thread(target=prune, args=(keeper.engine,))
    deleting.start()
    write()
    deleting.join()
    assert left[0] > 0
    assert count_old(keeper.engine) == {}


def test_a_thread_looks_after_it(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside an engine it is done without being asked for, until the engine is told to stop."""
    done = threading.Event()
    real = prune_daily

    def noticed(engine: Engine) -> Any:
        result = real(engine)
        done.set()
        return result

    monkeypatch.setattr(pruning, "prune_daily", noticed)
    with keeper.engine.store.writing() as tx:
        tx.remember_events(["old"], NOW - 8 * DAY)
    thread = Pruning(keeper.engine)
    thread.start()
    assert done.wait(60)
    keeper.engine.stopping.set()
    assert thread.join(within=60)
    assert count_old(keeper.engine) == {}


def test_what_was_deleted_is_told_in_words() -> None:
    """People read how many of what."""
    assert describe({Kept.RUNS: 1204, Kept.ALERTS: 1, Kept.REFUSED: 2}) == "1,204 runs, 1 alert, 2 refused events"
    assert describe({}) == ""
