"""How a pipeline is, in a sentence, and what lies around it."""

from __future__ import annotations

from datetime import date

import pytest

from made import alert, at, good_run, run
from tocsin.core.alert import Alert
from tocsin.core.daily import Day, outcomes_by_day, worst
from tocsin.core.dependency import around, order
from tocsin.core.finding import Kind, Topic
from tocsin.core.message import Tone
from tocsin.core.run import Outcome, Run
from tocsin.core.state_words import standing

VOLUME = alert(id="volume1", kind=Kind.VOLUME, topic=Topic.VOLUME, item="orders")


@pytest.mark.parametrize(
    ("runs", "alerts", "expected"),
    [
        # What is open goes before how the last run ended.
        ([good_run()], [alert(occurrences=3)], "Failing, 3 runs in a row"),
        ([good_run()], [VOLUME], "Unusual number of rows in orders"),
        # The first is the worst; the others are counted.
        ([run()], [alert(), VOLUME], "Failing, 1 more problem"),
        # What has no table or step is about the whole run.
        ([], [alert(kind=Kind.DURATION, topic=Topic.DURATION)], "Slower than usual: the whole run"),
        # A kind that needs no other words.
        ([], [alert(kind=Kind.NOT_STARTED)], "Not started"),
        ([good_run("b"), good_run("a"), run()], [], "Going well, 2 runs in a row"),
        ([good_run("a"), run()], [], "Going well"),
        ([run(outcome=Outcome.RUNNING), run()], [], "Running"),
        ([run(outcome=Outcome.ABORTED)], [], "Aborted, nothing is open"),
        ([], [], "Never ran"),
    ],
)
def test_one_sentence_tells_how_a_pipeline_is(runs: list[Run], alerts: list[Alert], expected: str) -> None:
    """It fits into the title of a page."""
    assert str(standing(runs, alerts)) == expected


def test_since_when_is_told_where_it_is_known() -> None:
    """A streak that reaches back to the oldest run that was read may have begun before it."""
    good = [good_run("b", ended=5), good_run("a", ended=3)]

    assert standing([*good, run(ended=1)], []).since == at(2)
    assert standing(good, []).since is None
    assert standing(good, [alert()]).since == at(0)
    assert standing(good, [alert()]).tone is Tone.ERROR


def test_those_near_a_pipeline_are_found_on_both_sides() -> None:
    """Upstreams count below zero; what is further off than asked is left out."""
    graph = order({"d": ("c",), "c": ("b",), "b": ("a",), "e": ("c", "b")})

    assert around("b", graph, steps=1) == {"b": 0, "a": -1, "c": 1, "e": 1}
    assert around("d", graph, steps=2) == {"d": 0, "c": -1, "b": -2}
    assert around("nobody", graph, steps=2) == {"nobody": 0}


def test_days_come_from_their_sums_and_the_newest_from_runs() -> None:
    """A day that is summed up is not counted twice; today is not summed up yet."""
    day = Day(pipeline="orders", environment="default", day=date(2026, 11, 22), runs={"succeeded": 4})
    yesterday = good_run("old", ended=-60 * 20)

    found = outcomes_by_day([day], [run("bad"), good_run("good"), yesterday])

    assert found == {
        date(2026, 11, 22): {Outcome.SUCCEEDED: 4},
        date(2026, 11, 23): {Outcome.FAILED: 1, Outcome.SUCCEEDED: 1},
    }
    assert worst(found[date(2026, 11, 23)]) is Outcome.FAILED


@pytest.mark.parametrize("outcome", Outcome)
def test_what_went_well_is_never_the_worst_of_a_day(outcome: Outcome) -> None:
    """Each outcome has its place."""
    assert worst([Outcome.NO_DATA, outcome]) is outcome
