"""Events and runs, on every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tocsin.core.cause import Cause, CauseClass
from tocsin.core.run import (
    Context,
    FailedJob,
    Link,
    Outcome,
    Process,
    Run,
    Stage,
    Step,
    TableLoad,
)
from tocsin.core.schema import ColumnChange, SchemaChange
from tocsin.store.protocol import Store

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def make_run(run_id: str = "r1", **changes: Any) -> Run:
    """Return a run that is going on."""
    return replace(Run(id=run_id, pipeline="orders", environment="prod", started_at=NOON), **changes)


FULL = make_run(
    outcome=Outcome.PARTIAL,
    ended_at=NOON + MINUTE,
    stage=Stage.LOAD,
    logical_id="airflow/7",
    attempt=2,
    max_attempts=3,
    steps=(Step(stage=Stage.EXTRACT, started_at=NOON, ended_at=NOON + MINUTE, ok=False),),
    tables=(TableLoad(table="orders", rows=1204), TableLoad(table="_dlt_loads", rows=1)),
    failed_jobs=(FailedJob(job="j", table="orders", message="no such column", load_id="1.5"),),
    schema_changes=(
        SchemaChange(
            table="orders",
            columns=(ColumnChange(name="a", data_type="text"), ColumnChange(name="b__v_text", variant_of="b")),
            new_table=True,
        ),
    ),
    load_ids=("1.5",),
    pending_packages=("1.6",),
    cause=Cause(cause_class=CauseClass.DATA, exception="ValueError", message="bad", chain=("A", "B")),
    destination="duckdb",
    dataset="shop",
    first_run=True,
    context=Context(orchestrator="airflow", links=(Link(label="log", url="https://a/b"),), names={"dag_id": "d"}),
    process=Process(pid=7, start_ticks=9, machine="m"),
    heartbeat_at=NOON + MINUTE,
    note="killed by the kernel",
)


def save(store: Store, *runs: Run) -> None:
    """Save runs in one transaction."""
    with store.writing() as tx:
        for run in runs:
            tx.save_run(run)


def test_an_event_is_new_only_once(store: Store) -> None:
    """The second time an event is remembered, in the same or a later transaction, it is known."""
    with store.writing() as tx:
        assert not tx.remember_events([], NOON)
        assert set(tx.remember_events(["e1"], NOON)) == {"e1"}
        assert set(tx.remember_events(["e3", "e1", "e2", "e2"], NOON)) == {"e2", "e3"}
    with store.writing() as tx:
        assert not tx.remember_events(["e1", "e2"], NOON + MINUTE)


def test_runs_are_found_by_their_ids(store: Store) -> None:
    """Those that there are, each under its id, and what is saved twice at once is as it was saved last."""
    first, second, third = (make_run(f"r{number}", pipeline=f"p{number}") for number in range(3))
    with store.writing() as tx:
        tx.save_runs([])
        tx.save_runs([first, second, third])
        tx.save_runs([replace(second, attempt=2), replace(second, attempt=3)])
    with store.reading() as tx:
        assert tx.runs_of([]) == {}
        assert tx.runs_of(["r1", "r", "r0"]) == {"r0": first, "r1": replace(second, attempt=3)}
        assert [run.attempt for run in tx.latest_runs()] == [1, 3, 1]


@pytest.mark.parametrize("run", [make_run(), FULL], ids=["bare", "full"])
def test_a_run_comes_back_as_it_was(store: Store, run: Run) -> None:
    """Every field of a run survives, times to the microsecond."""
    save(store, run)
    with store.reading() as tx:
        assert tx.run(run.id) == run


def test_a_run_is_replaced(store: Store) -> None:
    """Saving a run again leaves one run, with the new values, and with a heartbeat taken back if it has none."""
    save(store, make_run(heartbeat_at=NOON))
    save(store, make_run(outcome=Outcome.SUCCEEDED, ended_at=NOON))
    with store.reading() as tx:
        assert tx.runs() == [make_run(outcome=Outcome.SUCCEEDED, ended_at=NOON)]


def test_a_run_that_nobody_saved_is_none(store: Store) -> None:
    """A run is found by exactly its id: a prefix of it is another id."""
    save(store, make_run("abc"))
    with store.reading() as tx:
        assert tx.run("ab") is None


def test_a_time_from_another_zone_is_the_same_moment(store: Store) -> None:
    """Runs sort and compare by the moment and not by what a local clock showed."""
    tokyo = timezone(timedelta(hours=9))
    save(store, make_run("early", started_at=(NOON - MINUTE).astimezone(tokyo)), make_run("late"))
    with store.reading() as tx:
        assert [run.id for run in tx.runs()] == ["late", "early"]
        assert tx.runs(before=NOON.astimezone(tokyo))[0].started_at == NOON - MINUTE


def test_microseconds_decide_the_order(store: Store) -> None:
    """Two runs that start a microsecond apart are in order, before and after 1970."""
    tick = timedelta(microseconds=1)
    old = datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    for number, moment in enumerate([NOON, NOON + tick, old, old + tick]):
        save(store, make_run(str(number), started_at=moment))
    with store.reading() as tx:
        assert [run.id for run in tx.runs()] == ["1", "0", "3", "2"]


def test_runs_are_found_by_the_beginning_of_their_id(store: Store) -> None:
    """A prefix finds at most ten runs, newest first; case counts, and % and _ are ordinary characters."""
    save(store, *(make_run(f"ab{number:02}", started_at=NOON + number * MINUTE) for number in range(12)))
    save(store, make_run("AB"), make_run("a%"), make_run("ab\U0001f600"))
    with store.reading() as tx:
        assert [run.id for run in tx.find_runs("ab")] == [f"ab{number:02}" for number in range(11, 1, -1)]
        assert [run.id for run in tx.find_runs("a%")] == ["a%"]
        assert [run.id for run in tx.find_runs("ab\U0001f600")] == ["ab\U0001f600"]
        assert tx.find_runs("a_") == []


def test_runs_are_filtered_and_newest_first(store: Store) -> None:
    """Pipeline, environment, outcomes, an exclusive moment and a limit can be combined."""
    save(
        store,
        make_run("1", outcome=Outcome.FAILED),
        make_run("2", started_at=NOON + MINUTE),
        make_run("3", started_at=NOON + 2 * MINUTE, outcome=Outcome.SUCCEEDED),
        make_run("4", started_at=NOON + 3 * MINUTE, environment="dev"),
        make_run("5", started_at=NOON + 4 * MINUTE, pipeline="customers"),
    )

    def ids(**wanted: Any) -> str:
        with store.reading() as tx:
            return "".join(run.id for run in tx.runs(**wanted))

    assert ids() == "54321"
    assert ids(limit=2) == "54"
    assert ids(pipeline="orders") == "4321"
    assert ids(environment="prod") == "5321"
    assert ids(pipeline="orders", environment="prod") == "321"
    assert ids(outcomes={Outcome.RUNNING}) == "542"
    assert ids(outcomes={Outcome.RUNNING, Outcome.FAILED}, pipeline="orders", environment="prod") == "21"
    assert ids(outcomes=set()) == ""
    assert ids(before=NOON + 2 * MINUTE) == "21"
    assert ids(pipeline="nobody") == ""


def test_the_latest_run_of_each_pipeline(store: Store) -> None:
    """One run per pipeline and environment comes back: the newest, in the order of the names."""
    assert_latest(store, [])
    save(store, make_run("b1", pipeline="b"), make_run("b2", pipeline="b", started_at=NOON + MINUTE))
    assert_latest(store, ["b2"])
    save(store, make_run("c1", pipeline="c", environment="a"), make_run("a1", pipeline="a", started_at=NOON - MINUTE))
    save(store, make_run("b3", pipeline="b", environment="dev", started_at=NOON - MINUTE))
    assert_latest(store, ["a1", "b3", "b2", "c1"])


def assert_latest(store: Store, ids: list[str]) -> None:
    """Check which runs are the latest ones."""
    with store.reading() as tx:
        assert [run.id for run in tx.latest_runs()] == ids
