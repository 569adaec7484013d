"""Moments that another clock has told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from made import NOON, at, run
from tocsin.core.event import Event, EventType
from tocsin.core.inbox import Received, shifted
from tocsin.core.run import Context, DeclaredSchedule, Stage, Step
from tocsin.core.schema import SchemaVersion

_FIVE = timedelta(minutes=5)


def test_all_moments_of_an_event_are_moved() -> None:
    """Those of its run, of its steps and of its schemas too, however deep; lengths of time stay as they are."""
    schedule = DeclaredSchedule(source="Airflow", start_within=timedelta(minutes=1))
    reported = run(
        ended=1,
        steps=(Step(stage=Stage.EXTRACT, started_at=at(0), ended_at=at(1)), Step(stage=Stage.LOAD, started_at=at(1))),
        schemas=(SchemaVersion(name="shop", version_hash="a", tables={"orders": {"id": "bigint"}}, seen_at=at(2)),),
        context=Context(host="far", schedule=schedule, names={"logical_date": NOON.isoformat()}),
    )
    event = Event(id="e", type=EventType.RUN_FINISHED, at=at(1), run=reported)

    moved = shifted(event, _FIVE)

    assert moved.run is not None
    assert (moved.at, moved.run.started_at, moved.run.ended_at) == (at(6), at(5), at(6))
    assert [(step.started_at, step.ended_at) for step in moved.run.steps] == [(at(5), at(6)), (at(6), None)]
    assert moved.run.schemas[0].seen_at == at(7)
    assert moved.run.context is reported.context
    assert shifted(moved, -_FIVE) == event


def test_what_tells_no_moment_is_left_alone() -> None:
    """It is the very same object: an event costs as much as it has moments."""
    cause = run().cause
    assert shifted(cause, _FIVE) is cause


def test_a_moment_that_no_calendar_has_is_refused() -> None:
    """A clock that is off by centuries moves nothing out of the years that there are."""
    with pytest.raises(OverflowError):
        shifted(replace(run(), started_at=NOON.replace(year=9999)), timedelta(days=4000))


@pytest.mark.parametrize(
    ("ahead", "differ"),
    [(0, False), (1.9, False), (-1.9, False), (2, True), (-300, True)],
    ids=["the same", "a little ahead", "a little behind", "ahead", "behind"],
)
def test_clocks_that_nearly_agree_are_not_corrected(ahead: float, differ: bool) -> None:  # noqa: FBT001
    """A difference of less than two seconds may as well be the way of the request."""
    assert Received(event_id="e", text="", at=NOON, clock_ahead=timedelta(seconds=ahead)).clocks_differ is differ
