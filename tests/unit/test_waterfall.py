"""Where the time of a run went, drawn."""

from __future__ import annotations

from datetime import timedelta
from xml.etree.ElementTree import tostring

import pytest

from made import at, good_run, run
from tocsin.core.run import Outcome, Stage, Step
from tocsin.report.waterfall import draw_lane, waterfall


def step(stage: Stage, begins: float, ends: float | None, *, ok: bool = True) -> Step:
    """Return a step between two minutes after noon."""
    return Step(stage=stage, started_at=at(begins), ended_at=None if ends is None else at(ends), ok=ok)


def test_time_outside_of_steps_is_named() -> None:
    """What is long enough to ask about has a line of its own; a second between two steps has none."""
    steps = (step(Stage.EXTRACT, 2, 4), step(Stage.NORMALIZE, 4.01, 5), step(Stage.LOAD, 7, 9))
    fall = waterfall(good_run(started_at=at(0), ended=10, steps=steps), at(99))
    assert [(lane.name, round(lane.length.total_seconds())) for lane in fall.lanes] == [
        ("before extract", 120),
        ("extract", 120),
        ("normalize", 59),
        ("between normalize and load", 120),
        ("load", 120),
        ("after load", 60),
    ]
    assert fall.length == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("outcome", "ok", "ends", "word", "look"),
    [
        (Outcome.SUCCEEDED, True, 9, "done", "good"),
        (Outcome.FAILED, False, 9, "failed", "bad"),
        (Outcome.DIED, True, None, "did not end", "bad"),  # its process was killed in the step
        (Outcome.RUNNING, True, None, "running", "info"),
    ],
)
def test_a_step_says_how_it_ended(outcome: Outcome, *, ok: bool, ends: float | None, word: str, look: str) -> None:
    """In a word and in colour; what broke is hatched besides."""
    ended = None if outcome is Outcome.RUNNING else at(9)
    made = run(started_at=at(0), ended_at=ended, outcome=outcome, steps=(step(Stage.LOAD, 0, ends, ok=ok),))
    fall = waterfall(made, at(9))
    [lane] = fall.lanes
    drawn = tostring(draw_lane(lane, fall, number=7), encoding="unicode")
    assert (lane.word, lane.look) == (word, look)
    assert ("url(#hatch-7)" in drawn) == (look == "bad")


def test_a_run_that_goes_on_is_drawn_up_to_now() -> None:
    """Its last step ends where the drawing ends."""
    going = run(started_at=at(0), ended_at=None, outcome=Outcome.RUNNING, steps=(step(Stage.EXTRACT, 5, None),))
    fall = waterfall(going, at(10))
    lane = fall.lanes[-1]
    drawn = draw_lane(lane, fall, number=0)
    assert (fall.ends, lane.ends) == (at(10), at(10))
    assert [bar.get("x") for bar in drawn.iter("rect")] == ["0", "50.00%"]
    assert drawn.get("aria-label") == "extract from 5 min to 10 min of 10 min"


def test_a_run_without_steps_is_one_long_step() -> None:
    """A watched command has no steps, and a run that failed at once may have told none."""
    [lane] = waterfall(run(ended=3, started_at=at(0)), at(9)).lanes
    assert (lane.name, lane.word, lane.length) == ("extract", "failed", timedelta(minutes=3))


def test_clocks_that_differ_break_nothing() -> None:
    """A step that is told to begin before its run, or to end before it began, stays within the drawing."""
    steps = (step(Stage.EXTRACT, -5, 2), step(Stage.LOAD, 3, 1))
    fall = waterfall(good_run(started_at=at(0), ended=4, steps=steps), at(9))
    assert (fall.begins, fall.ends) == (at(-5), at(4))
    for number, lane in enumerate(fall.lanes):
        for bar in draw_lane(lane, fall, number=number).iter("rect"):
            ends = float((bar.get("x") or "0").rstrip("%")) + float((bar.get("width") or "0").rstrip("%"))
            assert ends <= 100
    empty = good_run(started_at=at(0), ended=0)
    assert waterfall(empty, at(0)).length == timedelta(0)
    draw_lane(waterfall(empty, at(0)).lanes[0], waterfall(empty, at(0)), number=0)


def test_of_very_many_steps_the_rest_is_counted() -> None:
    """A page shows forty."""
    steps = tuple(step(Stage.EXTRACT, number, number + 1) for number in range(100))
    fall = waterfall(good_run(started_at=at(0), ended=100, steps=steps), at(100))
    assert fall.more == 60
