"""Why a run takes long, and when it may end, from its own figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from made import at, good_run, run
from tocsin.core.run import Outcome, Progress, Run, Stage, Step, TableLoad
from tocsin.core.unusual import comparable, estimate_end, find_unusual

_EVENTS = (1_000_000, 1_050_000, 1_100_000, 1_150_000, 1_200_000, 1_180_000)


def _past() -> list[Run]:
    """Return good runs: nine minutes of extract, two of normalize, about a million events and always 40 users."""
    return [
        good_run(
            f"past{day}",
            started_at=at(-1440 * day),
            ended_at=at(-1440 * day + 12),
            steps=(
                Step(stage=Stage.EXTRACT, started_at=at(-1440 * day), ended_at=at(-1440 * day + 8 + day % 3)),
                Step(stage=Stage.NORMALIZE, started_at=at(-1440 * day + 10), ended_at=at(-1440 * day + 12)),
            ),
            tables=(TableLoad(table="events", rows=events), TableLoad(table="users", rows=40)),
        )
        for day, events in enumerate(_EVENTS, start=1)
    ]


def _running(**changes: Any) -> Run:
    """Return a run that has extracted for as long as it runs."""
    fields = {
        "started_at": at(0),
        "ended_at": None,
        "outcome": Outcome.RUNNING,
        "cause": None,
        "steps": (Step(stage=Stage.EXTRACT, started_at=at(0)),),
    }
    return run("now", **(fields | changes))


def _normalizing(events: int, *, extracted: float = 41) -> Run:
    """Return a run that has just begun to normalize what it extracted."""
    steps = (
        Step(stage=Stage.EXTRACT, started_at=at(0), ended_at=at(extracted)),
        Step(stage=Stage.NORMALIZE, started_at=at(extracted)),
    )
    tables = (TableLoad(table="events", rows=events), TableLoad(table="_dlt_loads", rows=10**9))
    return _running(steps=steps, stage=Stage.NORMALIZE, tables=tables)


def _progress(done: int, total: int | None = None, **changes: Any) -> Progress:
    made = Progress(moved_at=at(10), stage=Stage.EXTRACT, subject="events", done=done, total=total)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("made", "now", "said"),
    [
        (
            _normalizing(5_200_000),
            41.5,
            "extract 41 min, usually 8 to 10 min; table events 5.2 M rows, usually 1.0 to 1.2 M: extra data",
        ),
        # Slow, and not because there is more: the source is what to look at.
        (_normalizing(1_100_000), 41.5, "extract 41 min, usually 8 to 10 min; the rows so far are as usual"),
        # The table at work is judged by what it has by now.
        (
            _running(progress=_progress(5_200_000)),
            9,
            "table events 5.2 M rows so far, usually 1.0 to 1.2 M: extra data",
        ),
        # No table is known yet.
        (_running(), 41, "extract 41 min so far, usually 8 to 10 min"),
        (_normalizing(1_100_000, extracted=9), 9.5, "nothing unusual is visible beside 6 good runs"),
    ],
)
def test_the_figures_say_why(made: Run, now: float, said: str) -> None:
    """Which step and which table are out of their range, or that none is."""
    assert find_unusual(made, at(now), _past()).text == said


def test_what_is_found_is_named_for_the_hint() -> None:
    """Extra data and a slow step ask for different things."""
    both = find_unusual(_normalizing(5_200_000), at(41.5), _past())
    neither = find_unusual(_normalizing(1_100_000, extracted=9), at(9.5), _past())

    assert (both.slow, both.extra_data) == (Stage.EXTRACT, True)
    assert (neither.slow, neither.extra_data) == (None, False)


def test_too_few_runs_are_no_habit() -> None:
    """Where nobody knows what is usual, the message says so; five runs are a habit."""
    assert "usually 8 to 10 min" in find_unusual(_running(), at(41), _past()[:5]).text
    assert find_unusual(_running(), at(41), _past()[:4]).text == "4 good runs known, too few to say what is unusual"


def test_many_tables_are_counted() -> None:
    """Three tables are named, those that grew most first, and the others counted."""
    names = [f"t{number}" for number in range(5)]
    past = [
        good_run(
            f"past{day}",
            ended=-day,
            tables=tuple(TableLoad(table=name, rows=100 * (5 - place)) for place, name in enumerate(names)),
        )
        for day in range(6)
    ]
    tables = tuple(TableLoad(table=name, rows=5000) for name in names)

    text = find_unusual(_running(tables=tables), at(1), past).text

    assert text.startswith("table t4 5,000 rows, usually 100, table t3 5,000 rows, usually 200")
    assert text.endswith("+2 more: extra data")


def test_a_table_that_is_new_has_no_habit() -> None:
    """What a run from before the table existed sent it is not known to be nothing."""
    past = _past()

    assert "extra data" not in find_unusual(_running(tables=(TableLoad(table="new", rows=10**6),)), at(9), past).text
    past[0] = good_run("past1", started_at=at(-1440), ended_at=at(-1430), tables=(TableLoad(table="new", rows=5),))
    assert "extra data" not in find_unusual(_running(tables=(TableLoad(table="new", rows=10**6),)), at(9), past).text


def test_a_job_without_steps_is_judged_as_a_whole() -> None:
    """A watched callable has no steps; how long it takes is known all the same."""
    past = [good_run(f"past{day}", ended=-day, stage=Stage.JOB) for day in range(6)]

    text = find_unusual(_running(steps=(), stage=Stage.JOB), at(30), past).text

    assert text == "job 30 min so far, usually 60 s"


def test_habits_are_learned_from_ordinary_good_runs() -> None:
    """Failures, the first load, and the run itself show nothing of what is usual; 30 runs are enough."""
    good = [good_run(f"good{day}", ended=-day) for day in range(40)]
    others = [
        run("failed", ended=1),
        good_run("first", ended=2, first_run=True),
        good_run("pending", ended=3, outcome=Outcome.PENDING_ONLY),
        good_run("now", ended=4),
    ]

    known = comparable([*others, *good], _running())

    assert [each.id for each in known] == [f"good{day}" for day in range(30)]


@pytest.mark.parametrize(
    ("progress", "left"),
    [
        # A third is done in ten minutes, so twenty are left.
        (
            _progress(10, 30, subject=None),
            "about 20 min left in extract at the present rate (10 of 30)",
        ),
        # dlt does not know how many rows there will be; history does.
        (
            _progress(500_000),
            "about 12 min left in extract at the present rate, if events gets its usual 1.1 M rows",
        ),
        # More than usual already: nobody knows how much more.
        (_progress(5_200_000), None),
        # What moves is a load job, and the rows of its table say nothing of it.
        (_progress(500_000, stage=Stage.LOAD), None),
        # A table that nobody knows.
        (_progress(500, subject="new"), None),
        # Nothing is done, or next to nothing.
        (_progress(0, 30), None),
        (_progress(1, 30), None),
        (_progress(30, 30), None),
        # It has not moved for two minutes: there is no rate.
        (_progress(10, 30, moved_at=at(8)), None),
        # Measured for six seconds.
        (_progress(10, 30, moved_at=at(0.1)), None),
        (None, None),
    ],
)
def test_the_end_is_estimated_where_rows_and_rate_allow_it(progress: Progress | None, left: str | None) -> None:
    """An estimate names what it rests on, and is left out where it would be a guess."""
    now = at(0.2) if progress is not None and progress.moved_at < at(1) else at(10.1)

    assert estimate_end(_running(progress=progress), now, _past()) == left


def test_a_job_has_no_end_to_estimate() -> None:
    """Without steps nobody knows since when the rate counts."""
    assert estimate_end(_running(steps=(), progress=_progress(10, 30)), at(10), _past()) is None
