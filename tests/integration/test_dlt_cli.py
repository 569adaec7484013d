"""`dlt tocsin`: every command of Tocsin in dlt's own command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli_project import Project
from dlt_scripts import hide_tocsin
from made import run

pytestmark = pytest.mark.dlt_versions

_BIN = Path(sys.executable).parent
#: dlt as its users start it, which says in the end what it has imported.
_IMPORTED = """
import atexit, json, sys
from importlib.metadata import entry_points
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
[dlt] = entry_points(group="console_scripts", name="dlt")
sys.argv = ["dlt", *sys.argv[1:]]
dlt.load()()
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Give a project in which a pipeline has failed."""
    made = Project(folder=tmp_path / "project")
    made.folder.mkdir()
    monkeypatch.chdir(made.folder)
    monkeypatch.setenv("TOCSIN__HOME", str(made.home))
    monkeypatch.setenv("TOCSIN__HANDOVER", "none")
    made.report(run("aaaa0001", ended=1))
    return made


def _typed(*words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.Popen(
        [_BIN / words[0], *words[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def _ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def _same(said: int | str) -> int | str:
    """Return what both must say: one is typed as `dlt tocsin`, and a moment after the other."""
    return (
        said if isinstance(said, int) else re.sub(r"[\d.]+ s ago", "a moment ago", said.replace("dlt tocsin", "tocsin"))
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param("status --fail", 1, id="an exit code that says something"),
        pytest.param("runs --limit none", 2, id="a word that is wrong"),
        pytest.param("silence add --help", 0, id="the help of a command"),
    ],
)
def test_a_command_does_what_it_does_without_dlt(project: Project, words: str, code: int) -> None:
    """Output, errors and exit code are those of `tocsin`; only the help names what was typed."""
    project.says("tick")

    processes = _typed("dlt", "tocsin", *words.split()), _typed("tocsin", *words.split())
    in_dlt, alone = map(_ended, processes)

    assert alone[0] == code
    assert [_same(each) for each in in_dlt] == [_same(each) for each in alone]


@pytest.mark.usefixtures("project")
def test_words_arrive_as_they_were_typed() -> None:
    """What dlt takes for flags of its own, wherever it stands, belongs to the command that is watched."""
    script = "import sys; print(sys.argv[1:]); sys.exit(3)"
    words = ["--debug", "-v", "--", "-y", "--non-interactive", "--help"]

    code, out, err = _ended(_typed("dlt", "tocsin", "run", "--name", "job", "--", sys.executable, "-c", script, *words))

    assert (code, out) == (3, f"{words}\n"), err


@pytest.mark.usefixtures("project")
def test_other_commands_of_dlt_pay_next_to_nothing(tmp_path: Path) -> None:
    """The help of dlt tells of Tocsin in one line, for which nothing but a few small files of it is imported."""
    help_of_dlt = [sys.executable, "-c", _IMPORTED, "--help"]
    without = {**os.environ, **hide_tocsin(tmp_path)}

    processes = [
        subprocess.Popen(help_of_dlt, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for environment in (dict(os.environ), without)
    ]
    (_, shown, imported), (_, _, imported_without) = map(_ended, processes)

    more = set(json.loads(imported)) - set(json.loads(imported_without))
    assert {name for name in more if name.startswith("tocsin.cli")} == {"tocsin.cli", "tocsin.cli.dlt_command"}
    assert {name.partition(".")[0] for name in more} <= {"tocsin", *sys.stdlib_module_names}
    assert "Tells which pipelines break, run late, hang or never start, and why." in " ".join(shown.split())
