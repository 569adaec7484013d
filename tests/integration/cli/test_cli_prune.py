"""`tocsin db prune`."""

from __future__ import annotations

from datetime import timedelta

from cli_project import TO_A_FILE, Project
from made import good_run


def test_what_is_old_is_counted_and_deleted(project: Project) -> None:
    """A dry run counts and deletes nothing; without it the same goes, and then nothing is left to go."""
    project.configure(TO_A_FILE + '[tocsin.retention]\nruns = "30d"\n')
    project.report(good_run("old", ended=0), good_run("new", ended=1))
    project.says("tick")
    project.now += timedelta(days=60)
    assert project.says("db", "prune", "--dry-run") == "2 events, 1 run would be deleted\n"
    assert project.says("db", "prune", "--dry-run") == "2 events, 1 run would be deleted\n"
    assert project.says("db", "prune") == "2 events, 1 run deleted\n"
    assert project.says("db", "prune") == "nothing is old enough to be deleted\n"
    assert [run["id"] for run in project.json("runs")] == ["new"]


def test_cron_deletes_what_is_old(project: Project) -> None:
    """Where nothing but `tocsin tick` is at work, it deletes what is old, and says how much."""
    project.configure(TO_A_FILE + '[tocsin.retention]\nruns = "30d"\n')
    project.report(good_run("old", ended=0), good_run("new", ended=1))
    project.says("tick")
    project.now += timedelta(days=60)
    assert project.says("tick") == "2 events, 1 run deleted\n"
    assert project.says("tick") == "nothing was due\n"
