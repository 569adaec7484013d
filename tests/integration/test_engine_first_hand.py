"""What an orchestrator tells of a failure that its task's own process has told under another name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from desk import Desk
from made import run
from stores import NewStore
from tocsin.core.run import Context, Run, Stage


@pytest.fixture
def desk(tmp_path: Path, new_store: NewStore) -> Desk:
    """Give an engine with one channel."""
    return Desk(tmp_path, new_store(), "ops")


def _task(run_id: str, task: str, *, pipeline: str, attempt: int = 1, **changed: Any) -> Run:
    where = Context(orchestrator="airflow", logical_id=f"shop/{task}", attempt=attempt)
    return run(run_id, pipeline=pipeline, attempt=attempt, context=where, **changed)


def _seen(run_id: str, task: str, *, attempt: int = 1) -> Run:
    return _task(
        run_id,
        task,
        pipeline=f"shop.{task.removesuffix('/r1')}",
        attempt=attempt,
        ended=2,
        second_hand=True,
        stage=Stage.JOB,
    )


def _dag(*parts: str) -> Run:
    where = Context(orchestrator="airflow", logical_id="shop/r1")
    return run("dag", pipeline="shop", ended=3, context=where, second_hand=True, parts=parts, stage=Stage.JOB)


def test_a_task_whose_pipeline_has_told_is_not_told_by_its_orchestrator(desk: Desk) -> None:
    """A program that a task starts reports itself; the task ends with no more than its exit code."""
    desk.report(_task("a1", "load/r1", pipeline="orders"), _seen("a2", "load/r1"))

    assert desk.heard("ops") == ["orders failed"]


def test_a_task_of_another_try_or_name_is_told(desk: Desk) -> None:
    """What one try has told says nothing of the next one, nor of another task."""
    desk.report(_task("a1", "load/r1", pipeline="orders"), _seen("a2", "load/r1", attempt=2), _seen("b1", "export/r1"))

    assert sorted(desk.heard("ops")) == ["orders failed", "shop.export failed", "shop.load failed (attempt 2)"]


def test_a_run_of_a_dag_whose_failed_tasks_have_told_is_not_told(desk: Desk) -> None:
    """It failed by them and by nothing else; instances of a mapped task count for it."""
    desk.report(
        _task("a1", "load/r1", pipeline="orders"),
        _task("b1", "send/r1/3", pipeline="letters"),
        _dag("shop/load/r1", "shop/send/r1"),
    )

    assert sorted(desk.heard("ops")) == ["letters failed", "orders failed"]


def test_a_run_of_a_dag_is_told_where_one_of_its_tasks_has_not(desk: Desk) -> None:
    """Nobody would hear of it otherwise."""
    desk.report(_task("a1", "load/r1", pipeline="orders"), _dag("shop/load/r1", "shop/export/r1"))

    assert desk.heard("ops") == ["orders failed", "shop failed"]
