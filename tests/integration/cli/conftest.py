"""The project that the commands are typed in."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_project import Project
from tocsin.cli import workplace


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
