"""What every store promises about expectations, slots and the engine's own notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from made import at, good_run
from tocsin.core.attribution import start_of
from tocsin.core.expectation import Expectation
from tocsin.core.run import Context, Outcome
from tocsin.core.schedule import parse_schedule
from tocsin.core.slot import Slot, SlotState, expect
from tocsin.store.protocol import Store

_HOURLY = parse_schedule("0 * * * *", timezone="Europe/Berlin", source=".dlt/config.toml")


def _expectation(pipeline: str = "orders", *, next_at: float | None = 60) -> Expectation:
    return Expectation(
        pipeline=pipeline,
        environment="default",
        schedule=_HOURLY,
        start_within=timedelta(minutes=15),
        finish_within=timedelta(hours=1),
        anchor=at(0),
        computed_to=at(0),
        next_slot_at=None if next_at is None else at(next_at),
    )


def _slots(pipeline: str = "orders", *, hours: int = 3) -> list[Slot]:
    return list(
        expect(
            _HOURLY,
            pipeline=pipeline,
            environment="default",
            after=at(0),
            until=at(hours * 60),
            start_within=timedelta(minutes=15),
        )
    )


def test_an_expectation_comes_back_and_is_replaced(store: Store) -> None:
    """One expectation a pipeline and environment, with its schedule and zone."""
    changed = replace(_expectation(), start_within=timedelta(minutes=1))
    with store.writing() as tx:
        tx.save_expectations([_expectation()])
        tx.save_expectations([changed])

    with store.reading() as tx:
        assert tx.expectation("orders", "default") == changed
        assert tx.expectation("orders", "prod") is None
        assert tx.expectation("other", "default") is None


def test_due_expectations_come_longest_due_first(store: Store) -> None:
    """Only those whose next slot has come are returned, and one whose schedule has ended never is."""
    with store.writing() as tx:
        tx.save_expectations(
            [
                _expectation("b", next_at=20),
                _expectation("a", next_at=10),
                _expectation("later", next_at=31),
                _expectation("ended", next_at=None),
            ]
        )

    with store.reading() as tx:
        assert [e.pipeline for e in tx.due_expectations(at(30), limit=10)] == ["a", "b"]
        assert [e.pipeline for e in tx.due_expectations(at(30), limit=1)] == ["a"]
        assert tx.next_slot_at() == at(10)


def test_a_dropped_expectation_is_gone_and_its_slots_stay(store: Store) -> None:
    """Nothing is expected any more, and history is kept."""
    with store.writing() as tx:
        tx.save_expectations([_expectation()])
        tx.save_slots(_slots(), check_at={})
        tx.drop_expectation("orders", "default")

    with store.reading() as tx:
        assert tx.expectation("orders", "default") is None
        assert len(tx.slots("orders", "default")) == 3


def test_slots_come_newest_first_and_unresolved_alone_on_request(store: Store) -> None:
    """The slots of one pipeline are found by name; a resolved one is left out where only open ones are asked for."""
    first, second, third = _slots()
    with store.writing() as tx:
        tx.save_slots([first, second, third, *_slots("other")], check_at={})
        tx.save_slots([replace(second, state=SlotState.DONE, logical_id="run1")], check_at={})

    with store.reading() as tx:
        found = tx.slots("orders", "default")
        assert [slot.due_at for slot in found] == [third.due_at, second.due_at, first.due_at]
        assert found[1].logical_id == "run1"
        assert tx.slots("orders", "default", unresolved=True) == [third, first]
        assert tx.slots("orders", "default", limit=1) == [third]


def test_of_one_slot_twice_the_last_counts(store: Store) -> None:
    """Whatever is saved together is saved as if one by one."""
    first, second, _ = _slots()
    last = replace(first, state=SlotState.MISSED)
    with store.writing() as tx:
        tx.save_slots([first, second, last], check_at={})
        assert list(tx.slots("orders", "default")) == [second, last]


def test_a_slot_is_looked_at_when_its_time_has_come_and_not_again(store: Store) -> None:
    """The plan says when; saving a slot without a time takes it off the plan."""
    first, second, _ = _slots()
    plan = {first.id: at(75), second.id: at(135)}
    with store.writing() as tx:
        tx.save_slots([second, first], check_at=plan)

    with store.reading() as tx:
        assert tx.due_slots(at(74), limit=10) == []
        assert tx.due_slots(at(200), limit=10) == [first, second]
        assert tx.next_slot_at() == at(75)
    with store.writing() as tx:
        tx.save_slots([first], check_at={})
    with store.reading() as tx:
        assert tx.due_slots(at(200), limit=10) == [second]
        assert tx.next_slot_at() == at(135)


def test_nothing_expected_means_nothing_due(store: Store) -> None:
    """An empty store has no next slot."""
    with store.reading() as tx:
        assert tx.next_slot_at() is None
        assert tx.due_expectations(at(0), limit=10) == []


def test_the_engine_keeps_notes_of_its_own(store: Store) -> None:
    """A note is replaced by the next one under its name."""
    with store.writing() as tx:
        tx.remember("last_tick", "a")
        assert (tx.recall("last_tick"), tx.recall("other")) == ("a", None)
        tx.remember("last_tick", "b")
        assert (tx.recall("last_tick"), tx.recall("other")) == ("b", None)

    with store.reading() as tx:
        assert (tx.recall("last_tick"), tx.recall("other")) == ("b", None)


def test_what_is_expected_is_read_in_pages_by_name(store: Store) -> None:
    """Each page begins after the last name of the one before, and other environments are left out."""
    with store.writing() as tx:
        tx.save_expectations([_expectation("b"), _expectation("a"), _expectation("c")])
        tx.save_expectations([replace(_expectation("d"), environment="prod")])

    with store.reading() as tx:
        assert [one.pipeline for one in tx.expectations("default", limit=2)] == ["a", "b"]
        assert [one.pipeline for one in tx.expectations("default", after="b", limit=2)] == ["c"]


def test_slots_of_several_pipelines_come_in_order_and_far_enough_back(store: Store) -> None:
    """At least so many of each, all since a moment with the one before, and none where nothing is expected."""
    first, second, third = _slots()
    with store.writing() as tx:
        tx.save_expectations([_expectation("orders"), _expectation("customers")])
        tx.save_slots([third, first, second, *_slots("customers", hours=1), *_slots("dropped")], check_at={})

    with store.reading() as tx:
        found = tx.slots_of(["orders", "customers", "dropped"], "default", since=at(1000), least=2)
        assert found == {"orders": [second, third], "customers": _slots("customers", hours=1)}
        assert tx.slots_of(["orders"], "default", since=first.due_at, least=1) == {"orders": [first, second, third]}
        assert tx.slots_of(["orders"], "default", since=third.due_at, least=1) == {"orders": [second, third]}
        assert tx.slots_of(["orders"], "default", since=third.due_at, least=3) == {"orders": [first, second, third]}
        assert tx.slots_of(["orders"], "prod", since=at(0), least=1) == {}


def test_starts_of_several_pipelines_are_those_that_had_not_ended(store: Store) -> None:
    """What ended earlier, and what lies further back than so many runs, is left out; who started it is known."""
    by_hand = Context(interactive=True)
    runs = [
        good_run("long ago", ended=1),
        good_run("goes on", ended=2, ended_at=None, outcome=Outcome.RUNNING, context=by_hand),
        good_run("other", ended=20, pipeline="customers", logical_id=""),
    ]
    with store.writing() as tx:
        tx.save_expectations([_expectation("orders"), _expectation("customers")])
        for one in runs:
            tx.save_run(one)

    with store.reading() as tx:
        found = tx.starts_of(["orders", "customers"], "default", since=at(10), most=5)
        assert {name: list(starts) for name, starts in found.items() if starts} == {
            "orders": [start_of(runs[1])],
            "customers": [start_of(runs[2])],
        }
        newest = tx.starts_of(["orders"], "default", since=at(-10), most=1)
        assert [start.logical_id for start in newest["orders"]] == ["goes on"]


def test_where_pipelines_ran_last_is_known(store: Store) -> None:
    """The newest run of each counts, whether it says much of its place or nothing; what never ran is missing."""
    airflow = Context(orchestrator="airflow", names={"dag_id": "shop"}, max_attempts=3)
    with store.writing() as tx:
        tx.save_expectations([_expectation(name) for name in ("orders", "customers", "new")])
        tx.save_run(good_run("before", ended=1, context=Context(host="etl1")))
        tx.save_run(good_run("last", ended=2, context=airflow))
        tx.save_run(good_run("other", ended=3, pipeline="customers"))

    with store.reading() as tx:
        assert tx.last_contexts(["orders", "customers", "new"], "default") == {
            "orders": airflow,
            "customers": Context(),
        }
        assert tx.last_contexts(["orders"], "prod") == {}


def test_what_is_expected_of_many_pipelines_comes_at_once(store: Store) -> None:
    """Those are returned that are asked for, by name and environment, and of which something is expected."""
    elsewhere = replace(_expectation("orders"), environment="prod")
    with store.writing() as tx:
        tx.save_expectations([_expectation("orders"), _expectation("calls"), elsewhere])
    with store.reading() as tx:
        found = tx.expectations_of([("orders", "default"), ("calls", "prod"), ("orders", "prod"), ("none", "default")])
    assert found == {("orders", "default"): _expectation("orders"), ("orders", "prod"): elsewhere}
