"""The project that the commands are typed in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli_project import Project
from made import NOON
from reported import reported
from tocsin.cli import workplace
from tocsin.store.sqlite import SqliteStore


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give a project in which dlt is not installed: its providers read their files once a process."""
    made = Project(folder=tmp_path / "project")
    made.folder.mkdir()
    monkeypatch.chdir(made.folder)
    monkeypatch.setenv("TOCSIN__HOME", str(made.home))
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setattr(workplace, "find_spec", lambda _name: None)
    monkeypatch.setattr(workplace, "clock", lambda: made.now)
    return made


@pytest.fixture(scope="session")
def fortnight_of_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a store in which two weeks of runs were seen."""
    home = tmp_path_factory.mktemp("fortnight")
    store = SqliteStore(home / "tocsin.db")
    reported(home, days=14, store=store)
    store.close()
    return home / "tocsin.db"


@pytest.fixture
def fortnight(project: Project, fortnight_of_runs: Path) -> Project:
    """Return a project in which two weeks of runs were seen; it is noon."""
    project.now = NOON
    project.home.mkdir()
    shutil.copy(fortnight_of_runs, project.home)
    return project
