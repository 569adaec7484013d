"""What a tick reads: little, and what it acts on once more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as of_database

from desk import Desk
from made import at, run
from stores import NewStore
from tocsin.core.run import Outcome, Run
from tocsin.engine import tick
from tocsin.engine.engine import Engine


def lives(*, heard: float) -> Run:
    """Return a run that goes on, and was heard so many minutes after noon."""
    return replace(run("r1"), outcome=Outcome.RUNNING, ended_at=None, cause=None, heartbeat_at=at(heard))


def save(desk: Desk, changed: Run) -> None:
    """Save a run, as another engine does."""
    with desk.store.writing() as tx:
        tx.save_run(changed)


def test_what_goes_on_is_read_once(tmp_path: Path, new_store: NewStore) -> None:
    """A tick for which nothing has come reads the runs that go on, and no others."""
    desk = Desk(tmp_path, new_store(), "ops")
    save(desk, lives(heard=0))
    desk.tick()
    read: list[str] = []

    def seen(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        read.extend([statement] if "FROM runs" in statement else [])

    store: Any = desk.store
    of_database.listen(store._engine, "before_cursor_execute", seen)
    assert desk.tick().died == 0
    assert len(read) == 1
    assert "'running'" in read[0]


def test_a_run_that_is_heard_meanwhile_has_not_died(
    tmp_path: Path, new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It seemed silent when the tick began, and another engine has taken in its sign of life since."""
    desk = Desk(tmp_path, new_store(), "ops")
    save(desk, lives(heard=0))

    def hear(_engine: Engine) -> int:
        save(desk, lives(heard=59))
        return 0

    with monkeypatch.context() as patch:
        patch.setattr(tick, "drain", hear)
        assert desk.tick(minutes=60).died == 0
    assert not desk.heard("ops")
    assert desk.tick(minutes=60).died == 1
    assert desk.heard("ops") == ["orders died"]
