"""Jobs that were not started because another one failed, and ends that an onlooker tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk import Desk
from made import good_run, run
from stores import NewStore
from tocsin.core.run import Context, Outcome, Run, Stage


@pytest.fixture
def desk(tmp_path: Path, new_store: NewStore) -> Desk:
    """Give an engine with one channel."""
    return Desk(tmp_path, new_store(), "ops")


def _at(attempt: int, logical_id: str = "nightly/orders", **more: tuple[str, ...]) -> Context:
    return Context(orchestrator="dagster", logical_id=logical_id, attempt=attempt, **more)  # type: ignore[arg-type]


def _onlooker(run_id: str = "seen", *, ended: float = 1.0, attempt: int = 1) -> Run:
    context = _at(attempt)
    return run(
        run_id, ended=ended, second_hand=True, stage=Stage.JOB, outcome=Outcome.DIED, cause=None, context=context
    )


def test_what_a_failure_holds_up_is_said_where_the_failure_is_told(desk: Desk) -> None:
    """The orchestrator knows what it does not start: that is told with the failure, and no alert of its own."""
    desk.report(
        run("r1", context=_at(1, blocks=("revenue", "report"))),
        run(
            "r2", ended=1.1, pipeline="revenue", outcome=Outcome.BLOCKED, cause=None, note="not started: orders failed"
        ),
    )

    [told] = desk.messages("ops")
    assert "orders failed" in told["title"]
    assert "blocks revenue, report" in str(told)


def test_a_death_that_its_process_has_told_is_not_told_by_an_onlooker(desk: Desk) -> None:
    """A companion sees the end at once, and the orchestrator's sensor a minute later."""
    desk.report(run("r1", outcome=Outcome.DIED, cause=None, context=_at(1)), _onlooker(ended=2))

    assert len(desk.heard("ops")) == 1


def test_a_death_that_nobody_else_has_told_is_told_by_an_onlooker(desk: Desk) -> None:
    """Another attempt, which its own process has told, is another matter; and any good run is the end of it."""
    desk.report(run("r1", outcome=Outcome.DIED, cause=None, context=_at(1)), good_run("r2", ended=2, context=_at(2)))
    desk.report(_onlooker(ended=3, attempt=3), good_run("r3", ended=4, stage=Stage.LOAD, context=_at(4)))

    assert [title.partition(" after")[0] for title in desk.heard("ops")] == [
        "orders died",
        "orders recovered",
        "orders died",
        "orders recovered",
    ]


def test_a_failure_after_the_load_is_told_although_the_load_went_well(desk: Desk) -> None:
    """What an onlooker tells is no repetition of a run that told of its success."""
    desk.report(good_run("r1", ended=1, context=_at(1)), _onlooker(ended=2))

    assert desk.heard("ops") == ["orders died"]
