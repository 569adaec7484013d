"""What nobody acknowledges reaches others, routes keep their hours, and what comes and goes is told once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from desk import Desk
from made import at, good_run, run
from stores import NewStore
from tocsin.config.model import PipelineConfig
from tocsin.core.alert import State
from tocsin.core.flapping import Damping
from tocsin.core.matchers import parse_matcher
from tocsin.core.notify import Reason
from tocsin.core.policy import Policy, Step
from tocsin.core.route import LABELS, Route
from tocsin.core.run import Outcome
from tocsin.core.time_window import parse_window
from tocsin.engine.act import acknowledge_alert, resolve_alert
from tocsin.store.protocol import Store

STEPS = (
    Step(after=timedelta(minutes=15), channels=("pager",)),
    Step(after=timedelta(hours=1), channels=("boss", "pager")),
)


def escalating(home: Path, store: Store) -> Desk:
    """Return an engine whose only route escalates to the pager, and to the boss."""
    route = Route(name="all", channels=("ops",), policy=Policy(escalate=STEPS))
    return Desk(home, store, "ops", "pager", "boss", routes=(route,))


def test_what_nobody_acknowledges_reaches_the_next_channel(tmp_path: Path, new_store: NewStore) -> None:
    """After each step's time one more channel is told, once, and all of them hear of the end."""
    house = escalating(tmp_path, new_store())
    house.report(run())
    house.tick(minutes=14)
    assert (house.heard("pager"), house.heard("boss")) == ([], [])
    house.tick(minutes=2)
    assert (house.heard("pager"), house.heard("boss")) == (["orders failed"], [])
    house.tick(minutes=44)
    house.tick(minutes=2)
    assert house.heard("boss") == ["orders failed"]
    assert [one.reason for one in house.decided("boss")] == [Reason.ESCALATED]
    house.report(good_run(ended=70))

    for name in ("ops", "pager", "boss"):
        assert house.heard(name) == ["orders failed", "orders recovered after 1 h 9 min"]


def test_an_acknowledgement_stops_the_escalation_until_something_new_happens(
    tmp_path: Path, new_store: NewStore
) -> None:
    """Somebody takes care; when the problem turns into another one, the time begins anew."""
    house = escalating(tmp_path, new_store())
    house.report(run())
    acknowledge_alert(house.engine, "orders", by="ada")
    house.tick(minutes=120)
    assert house.heard("pager") == []
    house.report(run("r2", ended=130, outcome=Outcome.PARTIAL, cause=None))
    house.tick(minutes=10)
    assert house.heard("pager") == []
    house.tick(minutes=6)
    assert house.heard("pager") == ["orders loaded only a part of its data (2nd time in a row)"]


def test_a_problem_that_ends_in_time_escalates_to_nobody(tmp_path: Path, new_store: NewStore) -> None:
    """Nothing is said to the pager, not even that it is over."""
    house = escalating(tmp_path, new_store())
    house.report(run(), good_run())
    house.tick(minutes=500)

    assert house.heard("pager") == []


def test_a_late_report_does_not_escalate_at_once(tmp_path: Path, new_store: NewStore) -> None:
    """The time counts from when the first channel was told, not from when the run failed."""
    house = escalating(tmp_path, new_store())
    house.now = at(600)
    house.report(run())
    house.tick(minutes=1)

    assert (house.heard("ops"), house.heard("pager")) == (["orders failed"], [])


@pytest.mark.parametrize(
    "policy",
    [
        # 23 November 2026 is a Monday, and the problem comes at 12:01 UTC.
        Policy(active=(parse_window("mon-fri 14:00-18:00"),)),
        Policy(mute=(parse_window("08:00-14:00"),)),
    ],
)
def test_a_route_tells_in_its_hours_what_still_goes_on(tmp_path: Path, new_store: NewStore, policy: Policy) -> None:
    """Outside of them the decision is kept with its reason; when they begin the problem is told, and its end is."""
    house = Desk(tmp_path, new_store(), "ops", routes=(Route(name="office", channels=("ops",), policy=policy),))
    house.report(run())
    house.report(run("over", pipeline="short", ended=2), good_run("well", pipeline="short", ended=3))
    house.tick(minutes=110)
    assert house.heard("ops") == []
    assert {(one.reason, one.because) for one in house.decided("ops")} >= {(Reason.ROUTE_MUTED, "office")}
    house.tick(minutes=8)
    assert house.heard("ops") == ["orders failed"]
    house.now = at(60 * 20)
    house.report(good_run(ended=60 * 20))
    assert house.heard("ops")[1:] == ["orders recovered after 19 h 59 min"]


def test_what_changed_while_the_route_was_mute_is_told_when_it_speaks_again(
    tmp_path: Path, new_store: NewStore
) -> None:
    """A change is not lost because nobody could be told of it when it happened."""
    night = Policy(mute=(parse_window("13:00-14:00"),))
    house = Desk(tmp_path, new_store(), "ops", routes=(Route(name="day", channels=("ops",), policy=night),))
    house.report(run())
    house.report(run("r2", ended=70, outcome=Outcome.PARTIAL, cause=None))
    assert house.heard("ops") == ["orders failed"]
    house.tick(minutes=51)
    assert house.heard("ops")[1:] == ["orders loaded only a part of its data (2nd time in a row)"]


def test_a_route_below_is_taken_before_the_one_above(tmp_path: Path, new_store: NewStore) -> None:
    """The tree is walked to its leaves; what no leaf takes stays with the branch."""
    leaf = Route(
        name="prod", matchers=(parse_matcher('pipeline=~"pay.*"', labels=LABELS),), channels=("pager",), policy=Policy()
    )
    tree = Route(name="data", matchers=(parse_matcher("tags=team", labels=LABELS),), channels=("ops",), routes=(leaf,))
    pipelines = {name: PipelineConfig(tags=("eu", "team")) for name in ("payments", "orders")}
    house = Desk(tmp_path, new_store(), "ops", "pager", "rest", routes=(tree,), pipelines=pipelines)
    house.report(run(), run("r2", pipeline="payments", ended=2), run("r3", pipeline="stock", ended=3))

    assert sorted(house.heard("ops")) == ["orders failed", "stock failed"]
    assert sorted(house.heard("pager")) == ["payments failed", "stock failed"]
    assert house.heard("rest") == ["stock failed"]


def test_an_owner_with_a_channel_of_that_name_is_told_there(tmp_path: Path, new_store: NewStore) -> None:
    """What no route takes goes to its owner: to the channel of that name, or to those the configuration names."""
    pipelines = {"calls": PipelineConfig(owner="support"), "orders": PipelineConfig(owner="data")}
    house = Desk(tmp_path, new_store(), "ops", "support", "mail", pipelines=pipelines, owners={"data": ("mail", "ops")})
    house.report(run(), run("r2", pipeline="calls", ended=2), run("r3", pipeline="stock", ended=3))

    assert sorted(house.heard("support")) == ["calls failed", "stock failed"]
    assert sorted(house.heard("mail")) == ["orders failed", "stock failed"]


def flap(house: Desk, times: int, *, every: float = 20, start: float = 0) -> None:
    """Let "orders" fail and recover so many times."""
    for number in range(times):
        minute = start + number * every
        house.report(run(f"bad{minute}", ended=minute + 1), good_run(f"good{minute}", ended=minute + 5))


def test_a_problem_that_comes_and_goes_is_told_once(tmp_path: Path, new_store: NewStore) -> None:
    """Three turns are told; the fourth says that it comes and goes, and then there is silence until it is calm."""
    house = Desk(tmp_path, new_store(), "ops", damping=Damping(most=3, within=timedelta(hours=6)))
    flap(house, 12)
    heard = house.heard("ops")

    assert heard[:6] == ["orders failed", "orders recovered after 4 min"] * 3
    assert heard[6:] == ["orders comes and goes: 4 times within 1 h"]
    alert = house.open_or_last()
    assert (alert.state, alert.flapping) == (State.RESOLVED, True)
    house.tick(minutes=350)
    assert house.heard("ops")[7:] == []
    house.tick(minutes=12)
    assert house.heard("ops")[7:] == ["orders recovered after 2 h 44 min"]
    house.report(run("later", ended=700))
    assert house.heard("ops")[8:] == ["orders failed"]


def test_a_problem_that_came_and_went_and_stays_is_repeated(tmp_path: Path, new_store: NewStore) -> None:
    """Damping hides turns, not a problem that lasts: after the repeat interval it is told again."""
    house = Desk(tmp_path, new_store(), "ops", damping=Damping(most=2, within=timedelta(hours=6)))
    flap(house, 4)
    before = house.heard("ops")
    house.report(run("stays", ended=100))
    house.tick(minutes=239)
    assert house.heard("ops") == before
    house.tick(minutes=2)
    assert house.heard("ops")[len(before) :] == ["orders failed and has not recovered"]


def test_turns_far_apart_are_problems_of_their_own(tmp_path: Path, new_store: NewStore) -> None:
    """A pipeline that fails once a day does not flap; neither does one where damping is off."""
    rare = Desk(tmp_path / "rare", new_store(), "ops", damping=Damping(most=2, within=timedelta(hours=6)))
    flap(rare, 5, every=60 * 24)
    off = Desk(tmp_path / "off", new_store(), "ops", damping=Damping(most=0))
    flap(off, 5)

    for house in (rare, off):
        assert house.heard("ops") == ["orders failed", "orders recovered after 4 min"] * 5


def test_whoever_ends_a_problem_by_hand_has_dealt_with_what_was_before(tmp_path: Path, new_store: NewStore) -> None:
    """The count begins anew."""
    house = Desk(tmp_path, new_store(), "ops", damping=Damping(most=2, within=timedelta(hours=6)))
    for minute in range(0, 100, 10):
        house.report(run(f"bad{minute}", ended=minute + 1))
        resolve_alert(house.engine, "orders", by="ada")
        house.tick()

    assert house.heard("ops") == ["orders failed", "orders: resolved by ada"] * 10
