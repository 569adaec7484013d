"""What remains of runs, on every store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from made import run
from tocsin.core.daily import Day, Ended, sum_up
from tocsin.core.run import Outcome, Run, TableLoad
from tocsin.store.protocol import Store

DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def ended(run_id: str, started_at: datetime, **changes: Any) -> Run:
    """Return a run of a minute."""
    return run(run_id, started_at=started_at, ended_at=started_at + timedelta(minutes=1), **changes)


def save(store: Store, *runs: Run) -> None:
    """Save runs in one transaction."""
    with store.writing() as tx:
        for each in runs:
            tx.save_run(each)


def test_ended_runs_of_a_day_come_in_batches(store: Store) -> None:
    """Runs that began on the day come by their start, those that go on and the rows of dlt's tables left out."""
    tables = (TableLoad(table="orders", rows=7), TableLoad(table="_dlt_loads", rows=1))
    save(store, ended("last", MIDNIGHT + DAY - MICROSECOND), ended("b", MIDNIGHT), ended("a", MIDNIGHT, tables=tables))
    save(store, ended("before", MIDNIGHT - MICROSECOND), ended("after", MIDNIGHT + DAY))
    save(store, run("goes on", started_at=MIDNIGHT, ended_at=None, outcome=Outcome.RUNNING))
    found: list[Ended] = []
    with store.reading() as tx:
        while batch := tx.ended_runs(since=MIDNIGHT, until=MIDNIGHT + DAY, after=found[-1] if found else None, limit=2):
            found += batch
        assert tx.first_start() == MIDNIGHT - MICROSECOND
    assert [(one.id, one.rows) for one in found] == [("a", 7), ("b", 0), ("last", 0)]
    assert {one.ended_at - one.started_at for one in found} == {timedelta(minutes=1)}


def test_nothing_has_begun_in_an_empty_store(store: Store) -> None:
    """Where there is no run there is no first start."""
    with store.reading() as tx:
        assert tx.first_start() is None


def test_days_come_back_as_they_were(store: Store) -> None:
    """A day is found by its pipeline, in order, from a date on; saved again it is replaced."""
    first = Day(
        pipeline="orders",
        environment="prod",
        day=MIDNIGHT.date(),
        runs={"succeeded": 23, "failed": 1},
        took=timedelta(hours=3, microseconds=1),
        longest=timedelta(minutes=20),
        rows=10**12,
    )
    other = Day(pipeline="orders", environment="dev", day=MIDNIGHT.date())
    later = Day(pipeline="orders", environment="prod", day=(MIDNIGHT + 30 * DAY).date(), runs={"died": 1})
    with store.writing() as tx:
        tx.save_days([later, other, Day(pipeline="orders", environment="prod", day=first.day)])
        tx.save_days([first])
    with store.reading() as tx:
        assert tx.days("orders", "prod", since=first.day) == [first, later]
        assert tx.days("orders", "prod", since=(MIDNIGHT + DAY).date()) == [later]
        assert tx.days("orders", "stage", since=first.day) == []


def test_runs_are_summed_up() -> None:
    """Outcomes are counted, times and rows added, and the longest run is kept."""
    facts: dict[str, Any] = {"pipeline": "orders", "environment": "prod", "started_at": MIDNIGHT}
    runs = [
        Ended(id="1", outcome=Outcome.FAILED, ended_at=MIDNIGHT + timedelta(minutes=5), rows=0, **facts),
        Ended(id="2", outcome=Outcome.SUCCEEDED, ended_at=MIDNIGHT + timedelta(minutes=2), rows=10, **facts),
        Ended(id="3", outcome=Outcome.SUCCEEDED, ended_at=MIDNIGHT + timedelta(minutes=1), rows=5, **facts),
    ]
    known = sum_up(runs[:1], {})
    assert [*sum_up(runs[1:], known).values()] == [
        Day(
            pipeline="orders",
            environment="prod",
            day=MIDNIGHT.date(),
            runs={"failed": 1, "succeeded": 2},
            took=timedelta(minutes=8),
            longest=timedelta(minutes=5),
            rows=15,
        )
    ]
