"""`tocsin doctor`: each part is looked at, and each fault comes with what to type."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from cli_project import TO_A_FILE, Project
from made import at, run
from tocsin.cli import examination
from tocsin.core.run import Outcome


def _signs(project: Project) -> dict[str, tuple[str, str]]:
    found = json.loads(project.tocsin("doctor", "--json").stdout)
    return {sign["part"]: (sign["state"], sign["text"]) for sign in found["signs"]}


@pytest.fixture
def _without_dlt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "find_spec", lambda _name: None)


@pytest.mark.usefixtures("_without_dlt")
def test_a_healthy_installation_is_ok_in_every_part(project: Project) -> None:
    """Nothing is broken, and the exit code is 0."""
    project.configure(TO_A_FILE)

    said = project.says("doctor").splitlines()

    assert said[0].startswith("Tocsin 0.1.0 on Python 3.")
    assert [line.split()[:2] for line in said[1:-1]] == [
        ["PART", "STATE"],
        *([part, "ok"] for part in ("dlt", "home", "handover", "configuration", "store", "spool", "runs", "channels")),
        ["outbox", "ok"],
    ]
    assert said[-1] == "Nothing is broken"


@pytest.mark.usefixtures("_without_dlt")
def test_looking_changes_nothing_in_the_store(project: Project) -> None:
    """The proof that the store can be written is taken back."""
    project.configure(TO_A_FILE)
    project.says("doctor")

    assert [found["name"] for found in project.json("channel", "list")] == ["log"]
    with project.writing() as tx:
        assert tx.channel_state("doctor").settings_hash == ""


def _home_is_a_file(project: Project) -> None:
    project.home.write_text("")


def _store_is_of_another_program(project: Project) -> None:
    project.home.mkdir()
    (project.home / "tocsin.db").write_bytes(b"not a database, and long enough to be told from an empty file" * 20)


def _settings_are_wrong(project: Project) -> None:
    project.configure(TO_A_FILE + "[tocsin]\nbudget = 'soon'\n")


def _it_is_switched_off(project: Project) -> None:
    project.configure(TO_A_FILE + "[tocsin]\nenabled = false\n")


def _channel_is_unusable(project: Project) -> None:
    project.configure('[tocsin.channels.log]\ntype = "file"\n')


def _there_is_no_channel(project: Project) -> None:
    project.configure("")


def _an_event_is_broken(project: Project) -> None:
    project.spool.rejected.mkdir(parents=True)
    (project.spool.rejected / "x.json").write_text("{half")


def _an_event_waits(project: Project) -> None:
    project.report(run())


def _a_run_is_silent(project: Project) -> None:
    with project.writing() as tx:
        tx.save_run(run(outcome=Outcome.RUNNING, ended_at=None, started_at=at(50), cause=None))


def _a_message_waits(project: Project) -> None:
    (project.folder / "alerts.jsonl").mkdir()
    project.report(run("aaaa0001", ended=1))
    project.says("tick")


def _no_companion(project: Project) -> None:
    project.configure("[tocsin]\nhandover = 'none'\n" + TO_A_FILE)


@pytest.mark.usefixtures("_without_dlt")
@pytest.mark.parametrize(
    ("happens", "part", "state", "said"),
    [
        (_home_is_a_file, "home", "broken", "cannot be written (File exists): set TOCSIN__HOME to another directory"),
        (_store_is_of_another_program, "store", "broken", "file is not a database. Move it away, and Tocsin starts"),
        (_settings_are_wrong, "configuration", "broken", ".dlt/config.toml: tocsin.budget = 'soon': not a length"),
        (_it_is_switched_off, "configuration", "warning", "watching is switched off: remove enabled = false, or set"),
        (_channel_is_unusable, "configuration", "broken", ".dlt/config.toml: tocsin.channels.log: path is missing"),
        (_channel_is_unusable, "channels", "broken", "channel log is unusable, path is missing"),
        (_there_is_no_channel, "channels", "warning", "no channel is configured, so nobody is told: tocsin init"),
        (_an_event_is_broken, "spool", "warning", "cannot be read as events: x.json"),
        (_an_event_waits, "spool", "warning", "1 event waits to be taken in: tocsin tick"),
        (_a_run_is_silent, "runs", "warning", "orders has given no sign of life for 10 min: tocsin tick tells"),
        (_a_message_waits, "outbox", "warning", "1 message waits for log, the first was written 0.0 s ago"),
        (_no_companion, "handover", "ok", 'is "none": tocsin tick does the work of the engine'),
    ],
)
def test_each_fault_is_found_and_says_what_to_do(
    project: Project, happens: Callable[[Project], None], part: str, state: str, said: str
) -> None:
    """A fault is told with the setting or the command that mends it; what is broken makes the exit code 1."""
    project.configure(TO_A_FILE)
    happens(project)

    found = _signs(project)

    assert found[part][0] == state
    assert said in found[part][1]
    assert project.tocsin("doctor").exit_code == (1 if state == "broken" else 0)


@pytest.mark.usefixtures("_without_dlt")
def test_a_companion_that_cannot_be_started_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be started, the setting that does without is named."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    state, text = _signs(project)["handover"]

    assert state == "broken"
    assert text.startswith("a companion process cannot be started (")
    assert text.endswith('): set handover = "inline" in [tocsin]')


@pytest.mark.parametrize(
    ("variables", "state", "said"),
    [
        ({}, "ok", ", its pipelines are watched"),
        (
            {"DLT_DISABLE_PLUGINS": "true"},
            "broken",
            " does not load plugins: unset DLT_DISABLE_PLUGINS, or call tocsin.enable() in your program",
        ),
        (
            {"ENABLE_RUNTIME_TRACE": "false"},
            "ok",
            "enable_runtime_trace is false, so dlt keeps no traces; Tocsin watches its pipelines all the same",
        ),
    ],
)
def test_real_dlt_is_asked_whether_it_is_watched(
    project: Project, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], state: str, said: str
) -> None:
    """In a process of its own, because dlt loads its plugins once."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    project.configure(TO_A_FILE)
    command = [sys.executable, "-c", "from tocsin.cli.main import main; main()", "doctor", "--json"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    signs = json.loads(done.stdout)["signs"]
    assert any(one["part"] == "dlt" and one["state"] == state and one["text"].endswith(said) for one in signs), signs
    assert done.returncode == (1 if state == "broken" else 0), done.stderr
