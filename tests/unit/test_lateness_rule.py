"""Late and not started: what is told, when, and what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made import alert, at, finding, good_run, run
from tocsin.core.alert import Alert, Change, advance
from tocsin.core.dependency import Hold
from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.learned_order import LearnedOrder
from tocsin.core.rules.lateness import judge_finish, judge_start, released
from tocsin.core.run import Context, Outcome, Progress, Run, Stage, Step
from tocsin.core.schedule import Schedule
from tocsin.core.severity import Severity
from tocsin.core.slot import Slot, SlotState

_SCHEDULE = Schedule(text="0 13 * * *", timezone="Europe/Berlin", source=".dlt/config.toml")


def _slot(**changes: Any) -> Slot:
    """Return a slot of orders: due at noon UTC, to start within 15 minutes and to end within two hours."""
    made = Slot(
        id="default/orders/noon",
        pipeline="orders",
        environment="default",
        schedule=_SCHEDULE,
        opens_at=at(-60),
        due_at=at(0),
        start_by=at(15),
        finish_by=at(120),
    )
    return replace(made, **changes)


def _running(started: float = 1, **changes: Any) -> Run:
    """Return a run that extracts since it began."""
    step = Step(stage=Stage.EXTRACT, started_at=at(started))
    fields = {
        "started_at": at(started),
        "ended_at": None,
        "outcome": Outcome.RUNNING,
        "cause": None,
        "steps": (step,),
    }
    return run("late1", **(fields | changes))


def _past(days: int = 6) -> list[Run]:
    """Return good runs of the days before, with about nine minutes of extract each."""
    runs = []
    for day in range(1, days + 1):
        began, ended = at(-1440 * day), at(-1440 * day + 8 + day % 3)
        step = Step(stage=Stage.EXTRACT, started_at=began, ended_at=ended)
        runs.append(good_run(f"past{day}", started_at=began, ended_at=ended, steps=(step,)))
    return runs


_STARTED = _slot(state=SlotState.STARTED, logical_id="late1")


def test_nothing_began() -> None:
    """The message names the time, the zone, the grace, where the schedule stands and what to look at."""
    found = judge_start(_slot(), at(16), last_context=Context(command="orders.py", host="etl1"))

    assert found == Finding(
        kind=Kind.NOT_STARTED,
        topic=Topic.DELIVERY,
        subject="orders",
        environment="default",
        severity=Severity.ERROR,
        at=at(16),
        summary="not started: expected at 13:00 Europe/Berlin, start grace of 15 min passed",
        hint=(
            "See whether what starts it (orders.py) still does on etl1: crontab -l, systemctl list-timers, or your "
            "orchestrator. If it is not to run at this time, change schedule in [tocsin.pipelines.orders]."
        ),
        reason_key="not started",
        logical_id="default/orders/noon",
        evidence={"Schedule": "0 13 * * *, Europe/Berlin (.dlt/config.toml)"},
    )


@pytest.mark.parametrize(
    ("orchestrator", "names", "said"),
    [
        ("airflow", {"dag_id": "shop"}, "airflow dags details shop"),
        ("dagster", {"job": "shop_job"}, "the schedule of shop_job is on"),
        ("prefect", {}, "a worker polls its work pool"),
        ("kubernetes", {"namespace": "etl"}, "kubectl get cronjobs,pods -n etl"),
        ("github-actions", {}, "gh workflow list --all"),
        (None, {}, "crontab -l"),
    ],
)
def test_the_hint_names_what_usually_starts_it(orchestrator: str | None, names: dict[str, str], said: str) -> None:
    """Whoever runs Airflow is not sent to crontab."""
    last = Context(orchestrator=orchestrator, names=names)

    found = judge_start(_slot(), at(16), last_context=last)

    assert found is not None
    assert said in found.hint


def test_the_rules_take_turns_at_the_deadline() -> None:
    """At the very moment of `finish_by` nothing is late yet, and what has not started is still told."""
    assert judge_start(_slot(), at(120)) is not None
    assert judge_finish(_slot(), None, at(120)) is None


def test_a_learned_schedule_is_a_guess() -> None:
    """What was learned warns, says from what, and how to correct it."""
    slot = _slot(schedule=replace(_SCHEDULE, source="learned from 14 runs"))

    found = judge_start(slot, at(16))

    assert found is not None
    assert found.severity is Severity.WARNING
    assert found.evidence["Schedule"] == "0 13 * * *, Europe/Berlin (learned from 14 runs)"
    assert "write the right one as schedule in [tocsin.pipelines.orders]" in found.hint


def test_missed_slots_before_it_are_told_with_it() -> None:
    """After a weekend without a watcher there is one message, which names the day with the time."""
    missed = [_slot(due_at=at(-2880), state=SlotState.MISSED), _slot(due_at=at(-1440), state=SlotState.MISSED)]

    found = judge_start(_slot(), at(16), missed=missed)

    assert found is not None
    assert found.summary.endswith("15 min passed, and 2 runs before it since 21 Nov 2026 13:00 Europe/Berlin")


@pytest.mark.parametrize(
    ("slot", "now", "hold"),
    [
        # In its grace, to the last moment.
        (_slot(), at(15), None),
        (_slot(state=SlotState.STARTED), at(16), None),
        (_slot(state=SlotState.DONE), at(16), None),
        (_slot(state=SlotState.COVERED), at(16), None),
        # Its upstream's alert tells.
        (_slot(), at(16), Hold(upstream="customers")),
        # Its upstream was done at 12:10, so it has until 12:25.
        (_slot(), at(25), Hold(upstream="customers", released_at=at(10))),
        # By now it is late, which the other rule tells.
        (_slot(), at(121), None),
    ],
)
def test_no_start_is_missing(slot: Slot, now: datetime, hold: Hold | None) -> None:
    """Before the deadline, after a start and under a blocked upstream there is nothing to tell."""
    assert judge_start(slot, now, hold=hold) is None


def test_a_released_pipeline_that_does_not_start_has_an_alert_of_its_own() -> None:
    """The upstream has recovered and the grace has passed anew: now it is this pipeline's problem."""
    found = judge_start(_slot(), at(86), hold=Hold(upstream="customers", released_at=at(70)))

    assert found is not None
    assert found.evidence["Upstream"] == "customers was done at 14:10 Europe/Berlin; time counts from then"


def test_a_learned_upstream_is_told_as_one() -> None:
    """Nobody wrote down that orders wait for customers, so the message says what that rests on."""
    learned = LearnedOrder(upstream="customers", downstream="orders", runs=14)

    found = judge_start(_slot(), at(86), hold=Hold(upstream="customers", released_at=at(70), learned=learned))

    assert found is not None
    assert found.evidence["Upstream"].endswith("(orders usually starts after customers, learned from 14 runs)")


def test_an_upstream_that_was_done_before_moves_nothing() -> None:
    """Deadlines move later, never earlier."""
    assert released(_slot(), Hold(upstream="customers", released_at=at(-30))) == _slot()


def test_late_names_the_step_and_what_is_usual() -> None:
    """The extract is what takes long, and the hint is about the source."""
    found = judge_finish(_STARTED, _running(), at(121), history=_past())

    assert found is not None
    assert (found.kind, found.severity, found.topic) == (Kind.LATE, Severity.WARNING, Topic.DELIVERY)
    assert found.summary == (
        "should have ended by 15:00 Europe/Berlin and still runs: extract 2 h so far, usually 8 to 10 min"
    )
    assert found.hint.startswith("The source is slower than usual")
    assert (found.run_id, found.logical_id, found.stage) == ("late1", "late1", Stage.EXTRACT)


def test_late_because_it_began_late() -> None:
    """A run that began too late and is as fast as ever says so."""
    found = judge_finish(_STARTED, _running(115), at(121), history=_past())

    assert found is not None
    assert "it began at 14:55 Europe/Berlin; nothing unusual is visible beside 6 good runs" in found.summary
    assert "why it was started late" in found.hint


def test_a_run_that_began_in_its_grace_did_not_begin_late() -> None:
    """The last moment of the grace is in time."""
    found = judge_finish(_STARTED, _running(15), at(121), history=_past())

    assert found is not None
    assert "it began" not in found.summary


def test_late_shows_how_far_it_is() -> None:
    """Progress and, where the rate allows it, the time that is left."""
    step = Step(stage=Stage.LOAD, started_at=at(100))
    progress = Progress(moved_at=at(120.9), stage=Stage.LOAD, subject="orders", done=30, total=40)

    found = judge_finish(_STARTED, _running(steps=(step,), progress=progress), at(121))

    assert found is not None
    assert list(found.evidence) == ["Progress", "Estimate", "Schedule"]
    assert found.evidence["Progress"] == "load of orders: 30 of 40 done, moved 6.0 s ago"
    assert found.evidence["Estimate"] == "about 7 min left in load at the present rate (30 of 40)"


def test_late_without_a_start() -> None:
    """Running or not: past `finish_by` it is late."""
    found = judge_finish(_slot(), None, at(121))

    assert found is not None
    assert found.summary == "should have ended by 15:00 Europe/Berlin and has not even started"
    assert (found.kind, found.severity, found.logical_id) == (Kind.LATE, Severity.ERROR, _slot().id)


_FAILED_IN_TIME = alert(since=at(30), last_at=at(30), logical_id="other")


@pytest.mark.parametrize(
    ("slot", "made", "now", "hold", "open_alert"),
    [
        # In time, to the last moment.
        (_STARTED, _running(), at(120), None, None),
        # Nobody asks when it ends.
        (_slot(state=SlotState.STARTED, finish_by=None), _running(), at(9999), None, None),
        # It has ended: the rule about outcomes tells how.
        (_STARTED, run("late1", ended=121), at(121), None, None),
        (_slot(state=SlotState.DONE), None, at(121), None, None),
        # An upstream holds it up, or did so until 12:30.
        (_slot(), None, at(121), Hold(upstream="customers"), None),
        (_STARTED, _running(31), at(150), Hold(upstream="customers", released_at=at(30)), None),
        # An attempt has failed in the time of the slot; the retry goes on.
        (_STARTED, _running(), at(121), None, _FAILED_IN_TIME),
        # It began the moment it was free.
        (_STARTED, _running(30), at(150), Hold(upstream="customers", released_at=at(30)), None),
        (_STARTED, _running(), at(121), None, alert(last_at=at(0), logical_id="other")),
        # The run began early, and its first attempt failed before the slot was due.
        (_STARTED, _running(), at(121), None, alert(last_at=at(-2), logical_id="late1")),
    ],
)
def test_nothing_is_late(
    slot: Slot, made: Run | None, now: datetime, hold: Hold | None, open_alert: Alert | None
) -> None:
    """In time, over, blocked, or told as something worse: not late."""
    assert judge_finish(slot, made, now, hold=hold, open_alert=open_alert) is None


@pytest.mark.parametrize(
    "open_alert",
    [
        # Yesterday's run failed, today's is late: that is news.
        alert(last_at=at(-1440)),
        alert(kind=Kind.NOT_STARTED, last_at=at(16)),
        alert(kind=Kind.STUCK, last_at=at(60), run_id="other"),
    ],
)
def test_late_is_told_over_what_it_is_worse_than(open_alert: Alert) -> None:
    """An alert about another slot, or about a start that did not come, becomes one about lateness."""
    assert judge_finish(_STARTED, _running(), at(121), open_alert=open_alert) is not None


def test_a_run_that_did_not_wait_is_judged_by_its_own_time() -> None:
    """It began before its upstream was done, so its deadline does not move."""
    hold = Hold(upstream="customers", released_at=at(60))

    assert judge_finish(_STARTED, _running(1), at(121), hold=hold) is not None


def test_a_stuck_run_is_late_only_when_it_moves_again() -> None:
    """Stuck says more than late, for as long as it is true."""
    stuck = alert(kind=Kind.STUCK, last_at=at(100), run_id="late1")
    still = Progress(moved_at=at(80), stage=Stage.EXTRACT, subject="orders")

    assert judge_finish(_STARTED, _running(progress=still), at(121), open_alert=stuck) is None
    moving = _running(progress=replace(still, moved_at=at(120)))
    assert judge_finish(_STARTED, moving, at(121), open_alert=stuck) is not None


def test_one_slot_is_one_alert_through_its_life() -> None:
    """Not started, late, failed, recovered: the kind changes, the alert stays, and a repeated look changes nothing."""
    opened, _ = advance(None, judge_start(_slot(), at(16)) or finding(), new_id="a")
    life = [
        (judge_start(_slot(), at(17)), Change.RETRIED),
        (judge_finish(_slot(), None, at(121)), Change.KIND_CHANGED),
        (judge_finish(_STARTED, _running(130), at(131)), Change.REASON_CHANGED),
        (judge_finish(_STARTED, _running(130), at(140), history=_past()), Change.RETRIED),
        (finding(at=at(150), run_id="late1", logical_id="late1"), Change.KIND_CHANGED),
        (finding(at=at(160), kind=Kind.RECOVERED, stage=Stage.LOAD), Change.RESOLVED),
    ]

    for found, expected in life:
        assert found is not None
        opened, change = advance(opened, found, new_id="b")
        assert change is expected
    assert opened is not None
    assert opened.id == "a"


@given(
    minutes=st.lists(st.floats(0, 400), max_size=20).map(sorted),
    starts=st.floats(0, 400),
    free=st.none() | st.floats(-30, 200),
    held=st.floats(0, 200),
)
def test_the_story_of_a_slot_never_goes_backwards(
    *, minutes: list[float], starts: float, free: float | None, held: float
) -> None:
    """However often one looks: nothing in time or under a hold, first not started, then late, and never back."""
    told = []
    for minute in minutes:
        began = minute >= starts
        hold = None if free is None else Hold(upstream="customers", released_at=at(free) if minute >= held else None)
        slot = _STARTED if began else _slot()
        found = judge_finish(slot, _running(starts) if began else None, at(minute), hold=hold)
        found = found or judge_start(slot, at(minute), hold=hold)
        if found is None:
            continue
        counts = released(slot, hold, _running(starts) if began else None)
        assert began or hold is None or hold.released_at is not None
        assert at(minute) > (counts.start_by if found.kind is Kind.NOT_STARTED else counts.finish_by or at(0))
        told.append(found)
    order = [Kind.NOT_STARTED, Kind.LATE]
    places = [order.index(found.kind) for found in told]
    assert places == sorted(places)
    assert len({found.reason_key for found in told}) <= 3
    assert not any(character.isdigit() for found in told for character in found.reason_key)


def test_times_of_seconds_are_told_to_the_second() -> None:
    """A schedule that comes every few seconds is told exactly."""
    slot = _slot(due_at=at(0) + timedelta(seconds=10), start_by=at(0) + timedelta(seconds=12))

    found = judge_start(slot, at(1))

    assert found is not None
    assert found.summary == "not started: expected at 13:00:10 Europe/Berlin, start grace of 2.0 s passed"
