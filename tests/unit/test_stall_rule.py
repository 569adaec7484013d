"""A run that lives and does not move, and one that moves again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from made import alert, at, finding, good_run, run
from tocsin.core.alert import Alert, Change, advance
from tocsin.core.finding import Finding, Kind, Topic, Trait
from tocsin.core.rules.stall import is_still, judge_moving, judge_progress, learned_limit
from tocsin.core.run import Context, Outcome, Process, Progress, Run, Stage, Step
from tocsin.core.severity import Severity

_LIMIT = timedelta(minutes=10)
_ALIVE = timedelta(minutes=1)


def _running(*, moved: float = 0, beat: float | None = 23, **changes: Any) -> Run:
    """Return a run that moved and beat so many minutes after noon."""
    stack = ("orders.py:39 in fetch", "orders.py:80 in main")
    fields = {
        "started_at": at(-5),
        "ended_at": None,
        "outcome": Outcome.RUNNING,
        "cause": None,
        "heartbeat_at": at(beat) if beat is not None else None,
        "progress": Progress(moved_at=at(moved), stage=Stage.EXTRACT, subject="orders", done=1204, stack=stack),
    }
    return run("run1", **(fields | changes))


def _judge(made: Run, now: float = 23.1, limit: timedelta = _LIMIT) -> Finding | None:
    return judge_progress(made, at(now), limit=limit, limit_source="stuck_after", alive_within=_ALIVE)


def _told(**changes: Any) -> Alert:
    """Return the open alert that the run is stuck."""
    opened, _ = advance(None, _judge(_running()) or finding(), new_id="alert1")
    assert opened is not None
    return alert(**{"kind": opened.kind, "since": opened.since, "last_at": opened.last_at} | changes)


def test_stuck_names_the_step_the_resource_and_the_line() -> None:
    """Whoever is woken sees what stands still, since when, and on which line of whose code."""
    assert _judge(_running(process=Process(pid=4711), context=Context(host="etl1"))) == Finding(
        kind=Kind.STUCK,
        topic=Topic.DELIVERY,
        subject="orders",
        environment="default",
        severity=Severity.ERROR,
        at=at(23.1),
        summary="stuck for 23 min in extract of orders, at orders.py:39 in fetch",
        hint=(
            "Look at what orders.py:39 in fetch waits for; a request without a timeout waits for ever. If it will not "
            "move, stop it on etl1: kill 4711. If such a pause is usual, raise stuck_after in "
            "[tocsin.pipelines.orders]."
        ),
        reason_key="extract of orders",
        stage=Stage.EXTRACT,
        run_id="run1",
        logical_id="run1",
        evidence={
            "Progress": "1,204 done, nothing since 23 Nov 2026 12:00:00 UTC",
            "Limit": "10 min without progress (stuck_after)",
            "Called from": "orders.py:80 in main",
        },
        traits={Trait.DESTINATION: "duckdb", Trait.HOST: "etl1"},
    )


def test_stuck_without_a_stack_says_what_it_knows() -> None:
    """Where nobody could look into the thread, the step is named all the same."""
    progress = Progress(moved_at=at(0), stage=Stage.LOAD, done=3, total=4)

    found = _judge(_running(progress=progress, stage=Stage.LOAD))

    assert found is not None
    assert found.summary == "stuck for 23 min in load"
    assert found.hint.startswith("Look at the destination for a query that waits for a lock")
    assert found.evidence["Progress"] == "3 of 4 done, nothing since 23 Nov 2026 12:00:00 UTC"


@pytest.mark.parametrize(
    "made",
    [
        # At the limit is within the limit.
        _running(moved=13),
        # Nobody knows what moves: a version of dlt without progress.
        _running(progress=None),
        # It has ended.
        _running(outcome=Outcome.FAILED, ended_at=at(23)),
        # No sign of life for longer than a minute: it died, or its machine sleeps, which another rule tells.
        _running(beat=22),
        _running(beat=None),
    ],
)
def test_what_is_not_stuck(made: Run) -> None:
    """Only a run that lives and stands still for too long is stuck."""
    assert _judge(made) is None


def test_a_sign_of_life_counts_to_the_last_moment() -> None:
    """A minute old is alive within a minute."""
    assert _judge(_running(beat=23), now=24) is not None


def test_clocks_that_differ_do_not_matter() -> None:
    """The machine of the run is an hour ahead: it stands still for as long as its own clock says."""
    assert _judge(_running(moved=55, beat=60), now=0) is None
    assert _judge(_running(moved=49, beat=60), now=0) is not None


def test_the_hint_names_the_orchestrator() -> None:
    """A process identifier inside a container of Airflow's helps nobody."""
    found = _judge(_running(process=Process(pid=7), context=Context(orchestrator="airflow")))

    assert found is not None
    assert "stop it in airflow" in found.hint
    assert "kill" not in found.hint


def test_a_stall_that_goes_on_is_no_news() -> None:
    """Another line of the same waiting loop and a later look change neither the kind nor the reason."""
    opened, _ = advance(None, _judge(_running()) or finding(), new_id="a")
    elsewhere = Progress(moved_at=at(0), stage=Stage.EXTRACT, subject="orders", stack=("orders.py:44 in wait",))

    later = _judge(_running(beat=40, progress=elsewhere), now=40)
    assert later is not None
    assert "Called from" not in later.evidence
    _, change = advance(opened, later, new_id="b")

    assert change is Change.RETRIED


def test_a_run_that_moves_again_resolves_its_alert() -> None:
    """The message says so, and the end of the run is judged when it comes."""
    made = _running(moved=24, beat=25)

    found = judge_moving(made, at(25), _told())

    assert found is not None
    assert (found.kind, found.summary) == (Kind.RECOVERED, "it moves again, in extract of orders")
    assert not is_still(made, _told())
    _, change = advance(_told(), found, new_id="b")
    assert change is Change.RESOLVED


@pytest.mark.parametrize(
    ("made", "open_alert"),
    [
        (_running(moved=24), None),
        # It has not moved since it was told.
        (_running(moved=0), _told()),
        # What moved when it was told had moved before.
        (_running(moved=23.1), _told()),
        # Another run, or another problem.
        (_running(moved=24), _told(run_id="other")),
        (_running(moved=24), _told(kind=Kind.LATE)),
        # Yesterday's run had failed: that this one moves does not bring yesterday's data.
        (_running(moved=24), _told(since=at(-1440))),
        # It has ended, which another rule judges.
        (_running(moved=24, outcome=Outcome.SUCCEEDED, ended_at=at(25)), _told()),
        (_running(progress=None), _told()),
    ],
)
def test_what_does_not_move_again(made: Run, open_alert: Alert | None) -> None:
    """An alert is resolved by what it was about, and by nothing less."""
    assert judge_moving(made, at(25), open_alert) is None


def test_a_run_without_progress_is_still_where_it_was_told() -> None:
    """Nothing known is nothing moved; without an alert nothing was told."""
    assert is_still(_running(progress=None), _told())
    assert not is_still(_running(), None)


def _past(stage: Stage, minutes: list[float]) -> list[Run]:
    return [
        good_run(
            f"past{day}",
            started_at=at(-1440 * day),
            ended_at=at(-1440 * day + length),
            steps=(Step(stage=stage, started_at=at(-1440 * day), ended_at=at(-1440 * day + length)),),
        )
        for day, length in enumerate(minutes, start=1)
    ]


@pytest.mark.parametrize(
    ("stage", "minutes", "limit", "source"),
    [
        # Fast steps have the floor.
        (Stage.EXTRACT, [1, 1, 2, 1, 1], 10, "extract took up to 2 min in 5 runs"),
        (Stage.EXTRACT, [40, 44, 38, 40, 41], 66, "extract took up to 44 min in 5 runs"),
        # One long load job shows nothing while it goes on.
        (Stage.LOAD, [1, 1, 2, 1, 1], 30, "load took up to 2 min in 5 runs"),
        (Stage.LOAD, [20, 20, 20, 20, 20, 60], 180, "load took up to 1 h in 6 runs"),
        # Too little is known, of all runs or of this step.
        (Stage.EXTRACT, [1, 1], 30, "the default until 5 good runs are known"),
        # One run is enough to know of a step that waits for an hour before its first row.
        (Stage.EXTRACT, [62], 93, "extract took up to 1 h 2 min in 1 run"),
        (Stage.LOAD, [], 90, "the default until 5 good runs are known"),
    ],
)
def test_the_limit_is_learned_from_the_longest_step(
    stage: Stage, minutes: list[float], limit: float, source: str
) -> None:
    """A step has room beyond the longest one that went well, and never less than the floor."""
    assert learned_limit(_past(stage, minutes), stage) == (timedelta(minutes=limit), source)


def test_a_step_that_no_run_had_is_unknown() -> None:
    """Runs that only extract say nothing of how long a load takes."""
    assert learned_limit(_past(Stage.EXTRACT, [1] * 9), Stage.LOAD)[0] == timedelta(minutes=90)


@given(st.lists(st.floats(0.1, 600), min_size=1, max_size=30), st.sampled_from([Stage.EXTRACT, Stage.LOAD, Stage.JOB]))
def test_no_run_that_went_well_would_have_been_called_stuck(minutes: list[float], stage: Stage) -> None:
    """Whatever a past run was silent for, the limit learned from it is longer."""
    limit, _ = learned_limit(_past(stage, minutes), stage)

    assert limit >= timedelta(minutes=max(minutes))
    for length in minutes:
        assert _judge(_running(moved=0, beat=length), now=length, limit=limit) is None
