"""The real command in a process of its own: what it imports, and what it prints where."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

from cli_project import TO_A_FILE, Project
from made import run

_MAIN = "from tocsin.cli.main import main; main()"


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        ("--help", {"tocsin.capture.providers", "tocsin.engine.engine", "rich", "sqlalchemy", "dlt"}),
        ("tick --quiet", {"rich"}),
        ("status", {"rich"}),
        ("config check", {"rich", "sqlalchemy"}),
    ],
)
def test_nothing_is_imported_that_is_not_needed(project: Project, words: str, heavy: set[str]) -> None:
    """The help needs no database, and in a pipe nothing needs rich; cron runs this every minute."""
    project.configure(TO_A_FILE)
    tell = "atexit.register(lambda: print(json.dumps(list(sys.modules)), file=sys.stderr))"
    after = f"import atexit, json, sys; {tell}; {_MAIN}"

    done = subprocess.run([sys.executable, "-c", after, *words.split()], capture_output=True, text=True, check=True)

    assert heavy.isdisjoint(json.loads(done.stderr))


def test_settings_come_from_dlt_where_it_is_installed(project: Project) -> None:
    """The same files as dlt's, in the same order, and the files are named."""
    project.configure("[tocsin]\nenvironment = 'dev'\nbudget = 'soon'\n")
    project.configure("[tocsin]\nenvironment = 'prod'\n", file="secrets.toml")

    found = json.loads(_run("config", "show", "--json").stdout)
    checked = _run("config", "check")

    by_key = {one["key"]: one for one in found}
    assert by_key["tocsin.environment"]["value"] == "prod"
    assert by_key["tocsin.environment"]["origin"].endswith("secrets.toml")
    assert (checked.returncode, checked.stdout.startswith(".dlt/config.toml: tocsin.budget = 'soon': ")) == (2, True)


def test_a_file_that_dlt_cannot_read_is_named(project: Project) -> None:
    """With one broken file dlt reads none and names none; Tocsin says which it is, and uses the others."""
    project.configure("[tocsin")
    project.configure(TO_A_FILE, file="secrets.toml")

    checked = _run("config", "check")

    assert checked.returncode == 2
    assert checked.stdout.startswith(".dlt/config.toml: (the whole file): cannot be read: ")
    assert "log      file" in _run("channel", "list").stdout


def test_a_terminal_gets_colour_and_signs(project: Project) -> None:
    """What a person sees says the same with colour, shape and word."""
    project.configure(TO_A_FILE)
    project.report(run("aaaa0001", ended=1))
    project.says("tick")

    shown = _in_a_terminal("status")

    assert "\x1b[" in shown
    assert "✕ 1 problem" in shown.replace("\x1b[31m", "").replace("\x1b[0m", "")
    assert "\x1b[" not in _in_a_terminal("status", NO_COLOR="1", TERM="dumb")


def test_characters_that_a_terminal_does_not_know_stop_nothing(project: Project) -> None:
    """In a terminal of another century the text stays readable."""
    project.configure(TO_A_FILE)

    done = _run("channel", "list", "--types", PYTHONIOENCODING="ascii")

    assert done.returncode == 0
    assert "Bearer" not in done.stderr


def _run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _MAIN, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **variables})


def _in_a_terminal(*words: str, **variables: str) -> str:
    """Run a command in a terminal of 100 columns and return what it shows."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **variables}
    command = [sys.executable, "-c", _MAIN, *words]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ) as process:
        os.close(theirs)
        shown = b""
        try:
            while said := os.read(ours, 4096):
                shown += said
        except OSError:
            # Linux says so at the end of a terminal.
            pass
        assert process.wait() == 0
    os.close(ours)
    return shown.decode()
