"""What is expected of pipelines, watched by real processes with schedules of seconds."""

from __future__ import annotations

import re
import signal
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli_project import TO_A_FILE, Project
from made import good_run, run
from tocsin.core.run import Run
from typed_process import TypedProcess, wait_until

ORDERS = """
[tocsin.pipelines.orders]
schedule = "every 2s"
start_within = "1s"
"""
WATCH = ("watch", "--every", "1s")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give a project whose pipeline should start every two seconds, and never does."""
    made = Project(folder=tmp_path / "project")
    made.folder.mkdir()
    monkeypatch.setenv("TOCSIN__HOME", str(made.home))
    monkeypatch.chdir(made.folder)
    made.configure(TO_A_FILE + ORDERS)
    return made


def now(one: Run) -> Run:
    """Return a run as one that has ended right now."""
    ended = datetime.now(UTC)
    return replace(one, started_at=ended - timedelta(seconds=5), ended_at=ended)


def texts(project: Project) -> str:
    """Return all that was written about alerts."""
    return (project.folder / "alerts.jsonl").read_text(encoding="utf-8")


def is_expected(project: Project) -> bool:
    """Whether a watcher has taken the schedule in."""
    with project.writing() as tx:
        return tx.expectation("orders", "default") is not None


def test_slots_that_passed_while_nobody_watched_are_one_message(project: Project) -> None:
    """A watcher that is killed forgets nothing: the next one tells all slots since as one problem."""
    with TypedProcess(*WATCH, folder=project.folder) as first:
        first.says("watching")
        wait_until(lambda: is_expected(project), "the schedule in the store")
        first.signal(signal.SIGKILL)
        first.end()
    time.sleep(8)
    before = len(project.told())
    with TypedProcess(*WATCH, folder=project.folder) as second:
        wait_until(project.told, "the message")
        time.sleep(2)
        second.signal(signal.SIGTERM)

        assert second.end() == 0
        assert (before, project.told()) == (0, ["orders has not started"])
        assert re.search(r"and \d+ runs before it since", texts(project))


def test_two_watchers_and_cron_tell_once(project: Project) -> None:
    """Whoever looks at one store at the same time, a missed slot is one message."""
    with TypedProcess(*WATCH, folder=project.folder), TypedProcess(*WATCH, folder=project.folder):
        for _ in range(2):
            with (
                TypedProcess("tick", folder=project.folder) as one,
                TypedProcess("tick", folder=project.folder) as other,
            ):
                assert (one.end(), other.end(), one.err + other.err) == (0, 0, b"")
        wait_until(project.told, "the message")
        time.sleep(2)

        assert project.told() == ["orders has not started"]


def test_a_failed_upstream_holds_its_downstream_up_until_it_is_well(project: Project) -> None:
    """Only the cause is told; once it is over, what still does not start is told by itself."""
    project.configure(TO_A_FILE + ORDERS + 'after = ["customers"]\n')
    project.report(now(run("run1", pipeline="customers")))
    with TypedProcess(*WATCH, folder=project.folder):
        wait_until(project.told, "the failure")
        time.sleep(4)
        held = project.told()
        project.report(now(good_run("run2", pipeline="customers")))
        wait_until(lambda: len(project.told()) == 3, "the end of the failure, and what it has not ended")

    assert held == ["customers failed"]
    assert "blocks orders" in texts(project)
    assert [title.split(" after")[0] for title in project.told()[1:]] == [
        "customers recovered",
        "orders has not started",
    ]
