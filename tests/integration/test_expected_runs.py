"""Late, not started, blocked: what no callback tells, told by an engine with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from made import at, good_run, run
from stores import NewStore
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.core.event import Event, EventType
from tocsin.core.message import Message
from tocsin.core.run import Context, Outcome, Progress, Run, Stage
from tocsin.engine.engine import Engine
from tocsin.engine.ingest import ingest
from tocsin.engine.opening import open_engine
from tocsin.engine.tick import look, tick


class World:
    """An engine with a file for a channel, and a clock that only the test moves."""

    def __init__(self, home: Path, store: Any, pipelines: dict[str, Any]) -> None:
        """Start at noon."""
        self.now = at(0)
        self.store = store
        self._told: set[str] = set()
        self._home = home
        self._pipelines = pipelines
        self.engine = self._open()
        self.tick(0)

    def _open(self) -> Engine:
        channels = {"ops": {"type": "file", "path": str(self._home / "sent.jsonl")}}
        layer = Layer(
            origin="tocsin.toml",
            values={"tocsin": {"channels": channels, "pipelines": self._pipelines}},
            secrets_allowed=True,
        )
        config = load([layer], home=self._home)
        assert config.problems == ()
        return open_engine(config, store=self.store, clock=lambda: self.now, watching=True)

    def tick(self, minute: float) -> list[str]:
        """Move the clock, tick, and return the titles of all that was told since the last tick."""
        self.now = at(minute)
        tick(self.engine)
        new = {key: message.title for key, message in self._decided().items() if key not in self._told}
        self._told |= new.keys()
        return list(new.values())

    def restart(self, **pipelines: Any) -> None:
        """Open the engine anew, as after a stop; with other pipelines where they are given."""
        self._pipelines = pipelines or self._pipelines
        self.engine = self._open()

    def report(self, one: Run) -> None:
        """Take in what a pipeline's process reports of a run."""
        self.now = max(self.now, one.ended_at or one.started_at)
        running = one.outcome is Outcome.RUNNING
        kind = EventType.RUN_STARTED if running else EventType.RUN_FINISHED
        ingest(self.engine, Event(id=f"{kind}-{one.id}", type=kind, at=self.now, run=one))

    def beat(self, one: Run) -> None:
        """Leave a sign of life of a run in the spool."""
        assert one.heartbeat_at is not None
        self.engine.spool.beat(one, one.heartbeat_at)

    def messages(self) -> list[Message]:
        """Return all messages that were decided on, oldest first."""
        return list(self._decided().values())

    def _decided(self) -> dict[str, Message]:
        with self.store.reading() as tx:
            newest = tx.notifications(limit=1000)
        return {one.id: one.message for one in reversed(newest) if one.message is not None}

    def slots(self) -> dict[int, str]:
        """Return what became of the slots of "orders", by the minute at which they were due."""
        with self.store.reading() as tx:
            made = tx.slots("orders", "default")
        return {(slot.due_at - at(0)) // timedelta(minutes=1): slot.state.value for slot in reversed(made)}

    def texts(self) -> str:
        """Return what the channel wrote."""
        path = self._home / "sent.jsonl"
        return path.read_text(encoding="utf-8") if path.exists() else ""


_Make = Callable[..., World]


@pytest.fixture
def make(new_store: NewStore, tmp_path: Path) -> _Make:
    """Make a world with these pipelines, on each kind of store."""
    store = new_store()
    return lambda **pipelines: World(tmp_path, store, pipelines)


_HOURLY = {"schedule": "0 * * * *", "start_within": "10m", "finish_within": "30m"}


def _going(run_id: str, minute: float, **changes: Any) -> Run:
    changes = {"heartbeat_at": at(100_000), "cause": None} | changes
    return run(run_id, started_at=at(minute), ended_at=None, outcome=Outcome.RUNNING, **changes)


def _ended(run_id: str, begun: float, ended: float, **changes: Any) -> Run:
    return replace(good_run(run_id, ended=ended, logical_id=run_id, **changes), started_at=at(begun))


def test_a_run_that_does_not_begin_is_told_once_and_ends_with_the_next_good_one(make: _Make) -> None:
    """Not started is told when the grace has passed, not before and not again, and a good run ends it."""
    world = make(orders=_HOURLY)

    assert world.tick(60) == []
    assert world.tick(69) == []
    assert world.tick(71) == ["orders has not started"]
    assert world.tick(80) == []
    world.report(_ended("r1", 85, 86))
    assert world.tick(87) == ["orders recovered after 15 min"]
    assert "expected at 13:00" in world.texts()


def test_a_run_in_time_is_no_news(make: _Make) -> None:
    """A pipeline that keeps its schedule is silent, also when it begins a little early."""
    world = make(orders=_HOURLY)
    for hour in (1, 2, 3):
        world.tick(hour * 60 - 2)
        world.report(_going(f"r{hour}", hour * 60 - 1))
        assert world.tick(hour * 60 + 15) == []
        world.report(_ended(f"r{hour}", hour * 60 - 1, hour * 60 + 20))
        assert world.tick(hour * 60 + 31) == []


def test_one_alert_changes_its_kind_from_not_started_over_late_to_failed(make: _Make) -> None:
    """The same problem in its stages is one alert that changes its kind, and the failure is the last word."""
    world = make(orders=_HOURLY)

    told = world.tick(71)
    world.report(_going("r1", 75))
    told += world.tick(91)
    world.report(run("r1", ended=95))
    told += world.tick(96)
    told += world.tick(100)

    assert told == ["orders has not started", "orders is late", "orders failed"]


def test_a_late_run_says_which_step_is_out_of_its_usual_range(make: _Make) -> None:
    """The lateness of a run that goes on is told with figures, and its end is told as a recovery."""
    world = make(orders={**_HOURLY, "finish_within": "20m"})
    for hour in range(1, 8):
        world.tick(hour * 60)
        world.report(_ended(f"r{hour}", hour * 60, hour * 60 + 9))
    world.tick(480)
    world.report(_going("late", 480))

    assert world.tick(499) == []
    assert world.tick(501) == ["orders is late"]
    world.report(_ended("late", 480, 510))
    assert [title.split(" after")[0] for title in world.tick(511)] == ["orders recovered"]


def test_a_downstream_is_blocked_and_not_late_while_its_upstream_is_in_trouble(make: _Make) -> None:
    """Only the cause is told; when it is over and the downstream still does not start, that is told then."""
    world = make(orders=_HOURLY, revenue={**_HOURLY, "after": ["orders"]})
    world.tick(60)
    world.report(run("r1", ended=62, started_at=at(61)))

    assert world.tick(75) == ["orders failed"]
    assert "blocks revenue" in world.texts()
    assert world.tick(90) == []
    world.report(_ended("r2", 91, 92))
    assert [title.split(" after")[0] for title in world.tick(93)] == ["orders recovered"]
    assert world.tick(100) == []
    assert world.tick(104) == ["revenue has not started"]


def test_a_blocked_downstream_that_starts_in_the_end_is_never_told(make: _Make) -> None:
    """Downstream noise is folded into its cause."""
    world = make(orders=_HOURLY, revenue={**_HOURLY, "after": ["orders"]})
    world.tick(60)
    world.report(run("r1", ended=62, started_at=at(61)))
    world.tick(80)
    world.report(_ended("r2", 81, 82))
    world.report(_ended("revenue1", 83, 84, pipeline="revenue"))
    world.tick(100)

    assert not [message for message in world.messages() if message.title.startswith("revenue")]


_CHAIN = {"customers": _HOURLY, "orders": {**_HOURLY, "schedule": "5 * * * *"}}


def _run_in_a_row(world: World, *hours: int) -> None:
    """Let orders begin right after customers, whose runs take between 4 and 8 minutes."""
    for hour in hours:
        begun, ended = hour * 60, hour * 60 + 4 + hour % 5
        world.tick(begun)
        world.report(_ended(f"customers{hour}", begun, ended, pipeline="customers"))
        world.report(_ended(f"orders{hour}", ended + 0.1, ended + 2))
        assert world.tick(ended + 3) == []


def test_an_order_is_learned_from_the_runs_and_holds_like_a_written_one(make: _Make) -> None:
    """The upstream's alert says what waits and why that is believed; a pipeline that stays away is told in the end."""
    world = make(**_CHAIN)
    _run_in_a_row(world, *range(11))
    world.tick(660)
    world.report(run("bad", pipeline="customers", started_at=at(660), ended=664))

    assert world.tick(676) == ["customers failed"]
    assert "blocks orders (orders usually starts after customers, learned from 11 runs)" in world.texts()
    assert world.tick(705) == []
    world.report(_ended("good", 706, 710, pipeline="customers"))
    assert [title.split(" after")[0] for title in world.tick(711)] == ["customers recovered"]
    assert world.tick(719) == []
    assert "orders has not started" in world.tick(721)
    assert "time counts from then (orders usually starts after customers" in world.texts()


def test_a_few_runs_in_a_row_hold_nobody(make: _Make) -> None:
    """Before there are enough of them each pipeline is told by itself."""
    world = make(**_CHAIN)
    _run_in_a_row(world, *range(7))
    world.tick(420)
    world.report(run("bad", pipeline="customers", started_at=at(420), ended=424))

    assert world.tick(436) == ["customers failed", "orders has not started"]


def test_who_is_said_to_wait_for_nobody_is_told_by_itself(make: _Make) -> None:
    """An empty `after` is an answer, also to what was learned before it was written."""
    world = make(**_CHAIN)
    _run_in_a_row(world, *range(11))
    world.restart(customers=_HOURLY, orders={**_CHAIN["orders"], "after": []})
    world.tick(660)
    world.report(run("bad", pipeline="customers", started_at=at(660), ended=664))

    assert world.tick(676) == ["customers failed", "orders has not started"]
    assert "blocks orders" not in world.texts()


def test_who_went_on_without_its_upstream_is_told_by_itself(make: _Make) -> None:
    """A pipeline that once began although the other had failed does not wait for it, however well it did."""
    world = make(**_CHAIN)
    _run_in_a_row(world, *range(11))
    world.tick(660)
    world.report(run("bad", pipeline="customers", started_at=at(660), ended=664))
    world.report(_ended("orders11", 666, 668))
    world.tick(669)
    world.report(_ended("customers11", 690, 694, pipeline="customers"))
    world.tick(695)
    world.tick(720)
    world.report(run("bad again", pipeline="customers", started_at=at(720), ended=724))

    assert world.tick(736) == ["customers failed", "orders has not started"]


def test_missed_slots_after_a_stop_are_one_message_with_the_gap(make: _Make) -> None:
    """A watcher that was stopped over three slots tells them as one, and says that it did not look."""
    world = make(orders=_HOURLY)
    world.tick(30)
    world.restart()

    assert [title.split(" (")[0] for title in world.tick(195)] == ["orders has not started"]
    assert "Tocsin did not look from" in world.texts()
    assert "2 runs before it" in world.texts()


def test_more_slots_than_are_looked_at_together_are_one_message_too(make: _Make) -> None:
    """A schedule of minutes and a stop of hours end in one message that counts them all."""
    world = make(orders={"schedule": "*/2 * * * *", "start_within": "1m"})
    world.restart()

    assert [title.split(" (")[0] for title in world.tick(302)] == ["orders has not started"]
    assert "149 runs before it" in world.texts()
    assert world.tick(303) == []


@pytest.mark.parametrize("run_type", ["scheduled", "backfill"])
def test_what_is_reported_while_nobody_looks_hides_no_deadline(make: _Make, run_type: str) -> None:
    """Be it the slot's own run, which begins after its deadline, or one that has nothing to do with it."""
    world = make(orders=_HOURLY)
    assert world.tick(61) == []
    world.restart()
    world.report(_going("r1", 95, context=Context(names={"run_type": run_type})))

    assert world.tick(105) == ["orders is late"]
    assert world.tick(106) == []


def test_what_was_missed_before_a_run_that_went_well_is_over(make: _Make) -> None:
    """After a stop nobody is told that a pipeline has not started which runs again."""
    world = make(orders=_HOURLY)
    world.restart()
    world.report(_ended("r2", 121, 122))

    assert world.tick(150) == []
    assert world.tick(191) == ["orders has not started"]


def test_a_slot_that_was_held_up_until_the_next_one_went_well_is_over(make: _Make) -> None:
    """A downstream that has caught up is not told of for the sake of the slot before."""
    world = make(orders=_HOURLY, revenue={**_HOURLY, "after": ["orders"]})
    world.tick(60)
    world.report(run("r1", ended=62, started_at=at(61)))
    world.tick(75)
    world.report(_ended("r2", 118, 119))
    world.tick(121)
    world.report(_ended("revenue1", 121, 122, pipeline="revenue"))

    assert world.tick(135) == []


def test_nothing_is_expected_by_a_schedule_that_was_taken_away(make: _Make) -> None:
    """Neither the slots to come nor the one that is waited for; what is left keeps its own."""
    world = make(orders=_HOURLY, customers=_HOURLY)
    assert world.tick(61) == []
    world.restart(orders={"owner": "data-team"}, customers=_HOURLY)

    assert world.tick(75) == ["customers has not started"]
    assert world.tick(300) == []


def test_nobody_waits_for_an_upstream_whose_schedule_was_taken_away(make: _Make) -> None:
    """What was still expected of it when the schedule went holds nobody up."""
    orders = {**_HOURLY, "after": ["customers"]}
    world = make(customers=_HOURLY, orders=orders)
    assert world.tick(61) == []
    world.restart(customers={"owner": "data-team"}, orders=orders)

    assert world.tick(75) == ["orders has not started"]


def test_a_schedule_that_has_changed_counts_from_then_on(make: _Make) -> None:
    """Where only the grace has changed, the slots since the last look are expected as before."""
    world = make(orders=_HOURLY, customers=_HOURLY)
    world.restart(orders={**_HOURLY, "start_within": "1m"}, customers={**_HOURLY, "schedule": "30 * * * *"})

    assert world.tick(65) == ["orders has not started"]
    assert sorted(world.tick(101)) == ["customers has not started", "orders is late"]


def test_a_clock_that_jumps_back_tells_nothing_twice(make: _Make) -> None:
    """Slots are stored and judged once, whatever the clock does."""
    world = make(orders=_HOURLY)

    assert world.tick(71) == ["orders has not started"]
    assert world.tick(40) == []
    assert world.tick(72) == []


def test_a_clock_that_was_just_moved_tells_nothing(make: _Make) -> None:
    """Whether it is wrong or the machine has slept shows when what runs had the time to say so."""
    world = make(orders=_HOURLY)
    world.tick(59)
    world.now = at(300)
    look(world.engine, steady=False)

    assert world.tick(61) == []
    assert world.tick(71) == ["orders has not started"]


def test_what_a_wrong_clock_has_told_hides_nothing_when_it_is_right_again(make: _Make) -> None:
    """The failure of the true present is told, and so is the recovery, and what is not started then is as ever."""
    world = make(orders=_HOURLY)
    assert world.tick(251) == ["orders has not started"]
    assert world.tick(62) == []
    world.report(run("r1", started_at=at(60), ended=64))
    assert world.tick(65) == ["orders failed"]
    world.report(_ended("r2", 120, 121))
    assert [title.split(" after")[0] for title in world.tick(122)] == ["orders recovered"]
    assert world.tick(185) == []
    assert world.tick(191) == ["orders has not started"]


def test_a_report_that_comes_after_not_started_was_told_ends_it(make: _Make) -> None:
    """The run had been there in time: its message was delayed, by a server that was down for example."""
    world = make(orders=_HOURLY, customers=_HOURLY)
    assert sorted(world.tick(71)) == ["customers has not started", "orders has not started"]
    world.report(_ended("r0", 20, 21))
    assert world.tick(72) == []
    world.report(_ended("r1", 60, 62))
    assert [title.split(" after")[0] for title in world.tick(73)] == ["orders recovered"]

    world.report(run("c1", pipeline="customers", started_at=at(60), ended=62))
    assert world.tick(74) == ["customers failed"]


def test_what_nobody_looked_at_is_unknown_until_it_is_heard_of(make: _Make) -> None:
    """Slots of Tocsin's own outage are no certain misses, unlike those that were watched; late reports settle them."""
    world = make(orders=_HOURLY)
    world.tick(61)
    world.tick(71)
    world.restart()
    world.tick(255)
    assert world.slots() == {60: "missed", 120: "unknown", 180: "unknown", 240: "expected"}

    for minute in (301, 311, 361):
        world.tick(minute)
    after = {300: "missed", 360: "expected"}
    assert world.slots() == {60: "missed", 120: "unknown", 180: "unknown", 240: "unknown"} | after

    for hour in (1, 2, 4):
        world.report(_ended(f"r{hour}", hour * 60, hour * 60 + 9))
    assert world.slots() == {60: "done", 120: "done", 180: "unknown", 240: "done"} | after


def test_a_run_that_takes_longer_than_many_gaps_meets_the_slot_that_it_began_for(make: _Make) -> None:
    """However far back that lies when it ends; the slots in between needed no run."""
    world = make(orders={"schedule": "*/2 * * * *", "start_within": "1m"})
    world.tick(3)
    world.report(_going("r1", 2.5))
    told = [title for minute in range(4, 100) for title in world.tick(minute)]
    world.report(_ended("r1", 2.5, 99.5))

    assert told == []
    assert world.slots()[2] == "done"
    assert {state for minute, state in world.slots().items() if 2 < minute < 99} == {"covered"}


def test_runs_that_drift_take_their_learned_schedule_along(make: _Make) -> None:
    """Half an hour later in a hundred and fifty runs, each a little after the last, is no reason for an alert."""
    world = make()
    told = []
    for number in range(170):
        begun = number * 60.2
        told += world.tick(begun - 1)
        world.report(_ended(f"r{number}", begun, begun + 1))

    assert told == []
    assert world.tick(170 * 60.2 + 40) == ["orders has not started"]


def test_a_schedule_is_learned_from_regular_runs_and_never_from_failures(make: _Make) -> None:
    """Without a word of configuration a regular pipeline is expected, and the message says from what."""
    world = make()
    for hour in range(12):
        world.tick(hour * 60 + 1)
        world.report(_ended(f"r{hour}", hour * 60, hour * 60 + 1))

    told = [title for minute in range(721, 800, 5) for title in world.tick(minute)]

    assert told == ["orders has not started"]
    assert "learned from 12 runs" in world.texts()


def _standing_still(run_id: str, minute: float, moved: float, alive: float) -> Run:
    progress = Progress(
        moved_at=at(moved), stage=Stage.EXTRACT, subject="orders", done=7, stack=("orders.py:39 in fetch",)
    )
    return _going(run_id, minute, stage=Stage.EXTRACT, progress=progress, heartbeat_at=at(alive))


def test_a_run_that_lives_and_stands_still_is_told_once_with_the_line_where_it_sits(make: _Make) -> None:
    """Heartbeats come and progress does not: the message names step, resource, and file, line and function."""
    world = make(orders={"stuck_after": "20m"})
    world.report(_going("r1", 0, heartbeat_at=at(0)))
    world.beat(_standing_still("r1", 0, moved=1, alive=20))
    assert world.tick(20) == []

    world.beat(_standing_still("r1", 0, moved=1, alive=22))
    assert world.tick(22) == ["orders is stuck"]
    assert "stuck for 21 min in extract of orders, at orders.py:39 in fetch" in world.texts()

    world.beat(_standing_still("r1", 0, moved=1, alive=30))
    assert world.tick(30) == []
    world.beat(_standing_still("r1", 0, moved=31, alive=32))
    assert [title.split(" after")[0] for title in world.tick(32)] == ["orders recovered"]


def test_a_silent_watcher_costs_nothing_to_pipelines_without_a_schedule(make: _Make) -> None:
    """Nothing is expected of a pipeline that has no schedule and no regular past."""
    world = make()
    for number, minute in enumerate((3, 50, 61, 200, 204, 390, 700, 701)):
        world.report(_ended(f"r{number}", minute, minute + 1))

    assert [title for minute in range(702, 3000, 60) for title in world.tick(minute)] == []
