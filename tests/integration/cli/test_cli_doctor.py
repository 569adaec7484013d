"""`tocsin doctor`: each part is looked at, and each fault comes with what to type."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

import tocsin
from cli_project import TO_A_FILE, Project
from made import at, run
from tocsin.cli import examination
from tocsin.core.expectation import Expectation
from tocsin.core.inbox import Received
from tocsin.core.run import Outcome
from tocsin.core.schedule import parse_schedule
from tocsin.engine.lock import watcher_lock

SCHEDULED = TO_A_FILE + '[tocsin.pipelines.stock]\nschedule = "every 1h"\n'


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

    assert said[0].startswith(f"Tocsin {tocsin.__version__} on Python 3.")
    assert [line.split()[:2] for line in said[1:-1]] == [
        ["PART", "STATE"],
        *([part, "ok"] for part in ("dlt", "home", "handover", "configuration", "store", "spool", "inbox")),
        *([part, "ok"] for part in ("runs", "watch", "channels", "outbox")),
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


def _a_server_was_sent_what_is_no_run(project: Project) -> None:
    with project.writing() as tx:
        tx.receive([Received(event_id="e1", text="{}", at=at(0))])
        tx.refuse_received(tx.received(1)[0].number, "KeyError: 'run'")


def _a_run_is_silent(project: Project) -> None:
    with project.writing() as tx:
        tx.save_run(run(outcome=Outcome.RUNNING, ended_at=None, started_at=at(50), cause=None))


def _a_message_waits(project: Project) -> None:
    (project.folder / "alerts.jsonl").mkdir()
    project.report(run("aaaa0001", ended=1))
    project.says("tick")


def _nobody_looks(project: Project) -> None:
    project.configure(SCHEDULED)


def _cron_looks(project: Project) -> None:
    project.configure(SCHEDULED)
    project.says("tick")
    project.now += timedelta(minutes=5)


def _cron_looks_no_more(project: Project) -> None:
    _cron_looks(project)
    project.now += timedelta(minutes=15)


def _nobody_looks_for_what_was_learned(project: Project) -> None:
    expected = Expectation(
        pipeline="orders",
        environment="default",
        schedule=parse_schedule("0 6 * * *", source="learned from 14 runs"),
        start_within=timedelta(minutes=15),
        anchor=project.now,
        computed_to=project.now,
    )
    with project.writing() as tx:
        tx.save_expectations([expected])


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
        (
            _a_server_was_sent_what_is_no_run,
            "inbox",
            "warning",
            "1 event that a server was sent cannot be used; the latest",
        ),
        (_a_run_is_silent, "runs", "warning", "orders has given no sign of life for 10 min: tocsin tick tells"),
        (
            _nobody_looks,
            "watch",
            "warning",
            "nobody has looked yet whether stock started, and in time: tocsin watch, or",
        ),
        (_nobody_looks_for_what_was_learned, "watch", "warning", "nobody has looked yet whether orders started"),
        (_cron_looks, "watch", "ok", "nobody watches all the time; somebody looked 5 min ago"),
        (_cron_looks_no_more, "watch", "warning", "nobody has looked for 20 min whether stock started, and in time: "),
        (_a_message_waits, "outbox", "warning", "1 message waits for log, the first was written just now"),
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
def test_a_watcher_is_found_by_its_lock(project: Project) -> None:
    """It is named with the time of its last look; one that has not looked for long has to be looked at itself."""
    project.configure(SCHEDULED)
    lock = watcher_lock(project.home)
    assert lock.take()
    watcher = f"process {os.getpid()} watches"

    assert _signs(project)["watch"] == ("ok", watcher)
    project.says("tick")
    project.now += timedelta(seconds=9)
    assert _signs(project)["watch"] == ("ok", f"{watcher}, and looked last 9.0 s ago")
    project.now += timedelta(hours=2)
    assert _signs(project)["watch"] == (
        "warning",
        f"{watcher}, but looked last 2 h ago: see what it says, and start it anew",
    )
    lock.release()
    assert not lock.is_taken()


@pytest.mark.usefixtures("_without_dlt")
def test_the_line_for_cron_works_from_anywhere(project: Project) -> None:
    """It names this directory, whose settings count, and the program with its whole path."""
    project.configure(SCHEDULED)

    line = _signs(project)["watch"][1].rpartition(": ")[2]

    program = Path(sys.executable).with_name("tocsin")
    assert line == f"* * * * * cd {project.folder} && {program} tick --quiet"
    assert program.exists()


@pytest.mark.usefixtures("_without_dlt")
def test_the_status_says_too_that_nobody_watches(project: Project) -> None:
    """Whoever sees that all is well has to know that nobody looked."""
    project.configure(SCHEDULED)

    assert project.json("status")["notices"] == [_signs(project)["watch"][1]]


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
