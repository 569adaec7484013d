"""Runs whose reports each tell a part: what is known does not depend on the order in which they come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from made import at, cause, run
from tocsin.core.rules.died import say_died
from tocsin.core.run import Context, Link, Outcome, Run, Stage, TableLoad, merge

_PLAIN = run(stage=Stage.JOB, cause=None, outcome=Outcome.RUNNING, ended_at=None, told_in_parts=True, destination=None)
STARTED = replace(
    _PLAIN,
    started_at=at(0),
    heartbeat_at=at(0),
    context=Context(names={"nominal_start": "noon"}, owner="data", links=(Link(label="log", url="https://a"),)),
)
GOES_ON = replace(_PLAIN, started_at=at(1), heartbeat_at=at(1), tables=(TableLoad(table="orders", rows=3),))
FAILED = replace(
    _PLAIN,
    started_at=at(2),
    ended_at=at(2),
    outcome=Outcome.FAILED,
    cause=cause(),
    destination="postgres",
    tables=(TableLoad(table="orders", rows=5),),
    context=Context(names={"job": "orders"}),
)


def _taken_in(*reports: Run) -> Run:
    known = None
    for report in reports:
        known = merge(known, report)
    assert known is not None
    return known


@pytest.mark.parametrize("order", list(permutations([STARTED, GOES_ON, FAILED])))
def test_the_order_of_the_parts_does_not_matter(order: tuple[Run, ...]) -> None:
    """A start after the end does not begin it anew, and moves the beginning to where it was."""
    known = _taken_in(*order)
    assert (known.outcome, known.started_at, known.ended_at) == (Outcome.FAILED, at(0), at(2))
    assert (known.heartbeat_at, known.cause, known.destination) == (at(1), cause(), "postgres")
    assert known.tables == (TableLoad(table="orders", rows=5),)
    assert known.context.names == {"nominal_start": "noon", "job": "orders"}
    assert (known.context.owner, len(known.context.links)) == ("data", 1)
    assert merge(known, order[0]) == known


def test_an_end_after_another_one_changes_nothing() -> None:
    """The first end counts, but one that was only assumed gives way."""
    ended = _taken_in(STARTED, FAILED)
    late = replace(_PLAIN, started_at=at(3), ended_at=at(3), outcome=Outcome.SUCCEEDED)
    assert merge(ended, late).outcome is Outcome.FAILED
    died = replace(STARTED, outcome=Outcome.DIED, ended_at=at(0))
    assert merge(died, late).duration == timedelta(minutes=3)


def test_a_run_whose_end_nobody_tells() -> None:
    """The message says that events are missing, and names the setting."""
    said, hint = say_died(replace(STARTED, pipeline="prod/orders", outcome=Outcome.DIED))
    assert said == "no event tells how it ended"
    assert '[tocsin.pipelines."prod/orders"]' in hint
