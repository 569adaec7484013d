"""The walk of a problem: from the first failing run to its end, as its readers hear of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from desk import Desk
from made import at, cause, good_run, run
from stores import NewStore
from tocsin.capture.process import this_process
from tocsin.core.alert import State
from tocsin.core.cause import CauseClass
from tocsin.core.event import Event, EventType
from tocsin.core.finding import Kind
from tocsin.core.notify import Reason
from tocsin.core.outbox import Status
from tocsin.core.run import Outcome, Run, Stage
from tocsin.engine.act import acknowledge_alert, resolve_alert
from tocsin.store.protocol import Store


@pytest.fixture
def store(new_store: NewStore) -> Store:
    """Give an empty store of each kind."""
    return new_store()


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    """Give an engine with one channel."""
    return Desk(tmp_path, store, "ops")


def failures(number: int, *, first: int = 1) -> list[Run]:
    """Return runs that fail one a minute."""
    return [run(f"run{n}", ended=n) for n in range(first, first + number)]


def test_a_failing_run_is_told_once(desk: Desk) -> None:
    """One failure is one alert and one message, however often the engine looks."""
    desk.report(run())
    desk.tick(minutes=1)
    desk.tick(minutes=60)

    assert desk.heard("ops") == ["orders failed"]
    with desk.store.reading() as tx:
        (alert,) = tx.alerts()
    assert (alert.state, alert.occurrences, alert.run_id) == (State.FIRING, 1, "run1")
    (told,) = desk.decided()
    assert (told.status, told.reason, told.attempts) == (Status.SENT, Reason.NEW, 1)
    assert desk.spool.waiting() == 0


def test_a_pipeline_that_fails_every_minute_does_not_send_every_minute(desk: Desk) -> None:
    """An hour of failures is one message; the repeat after four hours says how many there were."""
    for each in failures(60):
        desk.report(each)
    assert desk.heard("ops") == ["orders failed"]

    for each in failures(200, first=61):
        desk.report(each)

    assert desk.heard("ops")[1:] == ["orders still fails (241st time in a row)"]
    silent = [one for one in desk.decided() if one.reason is Reason.ALREADY_TOLD]
    assert [one.times for one in silent] == [258]


def test_time_alone_repeats_a_problem_every_four_hours(desk: Desk) -> None:
    """A daily pipeline that failed is not forgotten until tomorrow, and looks in between leave no trace."""
    desk.report(run())
    for _ in range(25):
        desk.tick(minutes=30)

    assert desk.heard("ops") == ["orders failed", *["orders failed and has not recovered"] * 3]
    assert {one.status for one in desk.decided()} == {Status.SENT}


def test_another_reason_is_news(desk: Desk) -> None:
    """The 503 that became a 401 is told at once, in the same alert."""
    other = cause(cause_class=CauseClass.CREDENTIALS, message="401 Unauthorized", status=401)
    desk.report(run(), run("run2", ended=2, cause=other))

    assert desk.heard("ops") == ["orders failed", "orders failed for another reason (2nd time in a row)"]
    assert len({message["alert_id"] for message in desk.messages("ops")}) == 1


def test_another_kind_is_news_in_the_same_alert(desk: Desk) -> None:
    """A pipeline that failed and then died is one problem that changed its face."""
    desk.report(run(), run("run2", ended=2, outcome=Outcome.DIED, cause=None))

    assert desk.heard("ops") == ["orders failed", "orders died (2nd time in a row)"]
    with desk.store.reading() as tx:
        assert [alert.kind for alert in tx.alerts()] == [Kind.DIED]


def test_an_acknowledgement_is_told_and_ends_the_repeats(desk: Desk) -> None:
    """Who takes care is told, and then silence until the problem changes."""
    desk.report(run())
    acknowledge_alert(desk.engine, "orders", by="ada")
    for number in range(2, 12):
        desk.now = at(number * 60)
        desk.report(run(f"run{number}", ended=number * 60))

    assert desk.heard("ops") == ["orders failed", "orders: acknowledged by ada"]

    desk.report(run("run12", ended=720, cause=cause(message="401 Unauthorized", status=401)))

    assert desk.heard("ops")[2:] == ["orders failed for another reason (12th time in a row)"]


def test_a_problem_can_be_closed_by_hand(desk: Desk) -> None:
    """Closing is told, a repetition opens a new alert."""
    desk.report(run())
    resolve_alert(desk.engine, "orders", by="ada")
    desk.report(run("run2", ended=2))

    assert desk.heard("ops") == ["orders failed", "orders: resolved by ada", "orders failed"]
    with desk.store.reading() as tx:
        assert [(alert.state, alert.occurrences) for alert in tx.alerts()] == [(State.FIRING, 1), (State.RESOLVED, 1)]


def test_a_recovery_says_how_long_and_how_often(desk: Desk) -> None:
    """The end of a problem is told with its length, its count and what the good run did."""
    desk.report(*failures(3), good_run("run4", ended=64))

    assert desk.heard("ops")[1:] == ["orders recovered after 1 h 3 min"]
    text = desk.messages("ops")[-1]["text"]
    assert "a run went well in 1 min" in text
    assert "3 runs in a row" in text
    with desk.store.reading() as tx:
        assert tx.alerts(open_only=True) == []


def test_attempts_of_one_run_get_worse_only_with_the_last(desk: Desk) -> None:
    """A first attempt is a warning, a second says nothing new, the last failure is told as worse."""
    for attempt in (1, 2, 3):
        desk.report(run(f"try{attempt}", ended=attempt, logical_id="dag/1", attempt=attempt, max_attempts=3))

    assert desk.heard("ops") == ["orders failed (attempt 1 of 3)", "orders failed (attempt 3 of 3)"]
    with desk.store.reading() as tx:
        assert [alert.occurrences for alert in tx.alerts()] == [1]


def test_the_same_events_twice_change_nothing(desk: Desk) -> None:
    """A spool that is read again, after a crash or by two engines, is told once."""
    for _ in range(2):
        desk.report(*failures(2), good_run("run3", ended=3))

    assert desk.heard("ops") == ["orders failed", "orders recovered after 2 min"]


def test_events_in_the_wrong_order_end_in_the_right_state(desk: Desk) -> None:
    """A failure that arrives after the success that followed it is history, and so is the start after its end."""
    desk.report(good_run("run2", ended=5))
    desk.report(run("run1", ended=1))
    desk.report(run("run2", ended=5, outcome=Outcome.RUNNING, ended_at=None, cause=None))

    assert desk.heard("ops") == []
    with desk.store.reading() as tx:
        assert {each.id: each.outcome for each in tx.runs()} == {"run1": Outcome.FAILED, "run2": Outcome.SUCCEEDED}
        assert tx.alerts() == []


def test_a_run_without_its_start_is_told_all_the_same(desk: Desk) -> None:
    """The report of the end is enough."""
    desk.report(run())

    with desk.store.reading() as tx:
        assert [each.outcome for each in tx.runs()] == [Outcome.FAILED]
    assert desk.heard("ops") == ["orders failed"]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        # It was only out of reach, and it failed: the alert gets the true kind and the true reason.
        (run("run1", ended=90), "orders failed"),
        # It was only out of reach, and all is well.
        (good_run("run1", ended=90), "orders recovered after 1 h 30 min"),
    ],
)
def test_an_end_that_comes_late_corrects_a_death(desk: Desk, end: Run, said: str) -> None:
    """A run that was silent for too long is told as died, and its real end puts that right."""
    started = run("run1", ended=1, outcome=Outcome.RUNNING, ended_at=None, cause=None)
    desk.report(started)
    desk.tick(minutes=2)
    assert desk.heard("ops") == ["orders died"]

    desk.report(end)

    assert desk.heard("ops")[1:] == [said]
    with desk.store.reading() as tx:
        assert [alert.occurrences for alert in tx.alerts()] == [1]


def test_a_death_that_was_closed_by_hand_and_was_a_failure_is_told_again(desk: Desk) -> None:
    """Whoever closed the alert knew of a death and not of the failure."""
    desk.report(run("run1", outcome=Outcome.RUNNING, ended_at=None, cause=None))
    desk.tick(minutes=2)
    resolve_alert(desk.engine, "orders", by="ada")

    desk.report(run("run1", ended=90))

    assert desk.heard("ops")[2:] == ["orders failed"]


def test_the_end_of_a_process_is_left_to_its_companion_for_some_seconds(desk: Desk) -> None:
    """The companion knows what ended it. Where there is none after all, another engine tells that it is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    process = replace(this_process(), pid=ended.pid, start_ticks=1)
    alive = run("run1", outcome=Outcome.RUNNING, ended_at=None, cause=None, started_at=at(0), process=process)
    desk.report(alive)
    desk.spool.beat(replace(alive, heartbeat_at=at(1)), at(1))

    desk.now = at(1)
    desk.tick(minutes=0.24)
    assert desk.heard("ops") == []
    desk.tick(minutes=0.01)
    assert desk.heard("ops") == ["orders died"]


def test_a_run_that_died_is_told_with_its_last_stage(desk: Desk) -> None:
    """The newest sign of life says how far the run came."""
    started = run("run1", ended=1, outcome=Outcome.RUNNING, ended_at=None, cause=None, stage=Stage.SYNC)
    desk.report(started)
    desk.spool.beat(run("run1", ended=1, outcome=Outcome.RUNNING, ended_at=None, cause=None, heartbeat_at=at(3)), at(3))
    desk.now = at(3)
    desk.tick()
    desk.tick(minutes=2)

    assert desk.heard("ops") == ["orders died"]
    assert "during extract" in desk.messages("ops")[0]["text"]
    assert list(desk.spool.heartbeats()) == []


def test_a_sign_of_life_after_the_end_is_dropped(desk: Desk) -> None:
    """The thread that writes signs of life may be the last to write; the run stays ended, and the file goes."""
    desk.report(run())
    desk.spool.beat(run("run1", ended=1, outcome=Outcome.RUNNING, ended_at=None, heartbeat_at=at(2)), at(2))
    desk.tick(minutes=120)

    assert list(desk.spool.heartbeats()) == []
    assert desk.heard("ops") == ["orders failed"]


def test_environments_do_not_know_each_other(desk: Desk) -> None:
    """A success in staging mends nothing in production."""
    desk.report(run("p1", environment="prod"), good_run("s1", ended=2, environment="staging"))

    assert desk.heard("ops") == ["orders (prod) failed"]
    desk.report(run("s2", ended=3, environment="staging"))
    assert desk.heard("ops") == ["orders (prod) failed", "orders (staging) failed"]


def test_an_error_that_is_told_by_the_pipeline_inside_is_not_told_twice(desk: Desk) -> None:
    """A watched job around a pipeline adds no second alert for the same exception."""
    desk.report(run(), run("job", pipeline="nightly", ended=2, stage=Stage.JOB, told_elsewhere=True))

    assert desk.heard("ops") == ["orders failed"]


def process_ended(desk: Desk, ended: Run, *, at_minute: float) -> None:
    """Report that the process of a run came to its end without an error."""
    desk.now = at(at_minute)
    desk.spool.put(Event(id=f"end-{ended.id}", type=EventType.PROCESS_ENDED, at=desk.now, run=ended))
    desk.tick()


def test_a_script_that_failed_after_its_run_recovers_when_it_comes_to_its_end(desk: Desk) -> None:
    """The load that goes well does not mend the code behind it; the script's own good end does."""
    desk.report(run("r1", stage=Stage.AFTER))
    good = good_run("r2", ended=5)
    desk.report(good)
    assert desk.heard("ops") == ["orders failed"]

    process_ended(desk, good, at_minute=6)

    assert desk.heard("ops")[1:] == ["orders recovered after 4 min"]


def test_the_end_of_an_old_process_mends_nothing_newer(desk: Desk) -> None:
    """What failed elsewhere after a process had its good run is not over because that process ends."""
    good = good_run("r1", ended=1)
    desk.report(good, run("r2", ended=10))

    process_ended(desk, good, at_minute=20)

    assert desk.heard("ops") == ["orders failed"]
