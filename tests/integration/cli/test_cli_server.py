"""Commands where reports go to a server: what they send, and what they say of what is not known here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cli_project import TO_A_FILE, Project
from made import run
from receiver import answer, receiving
from scripted_server import ScriptedServer, problem, taken
from tocsin.capture.process import this_process
from tocsin.core.run import Outcome


@pytest.fixture
def server(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Give a server that takes everything, and a project that reports to it."""
    monkeypatch.setenv("NO_PROXY", "localhost")
    project.now = datetime.now(UTC)
    with receiving() as receiver:
        made = ScriptedServer(receiver)
        project.configure(f'[tocsin]\nserver = "{made.address}"\n')
        project.configure('[tocsin]\napi_key = "tk_s3cr3t_k3y"\n', file="secrets.toml")
        yield made


def test_drain_says_what_it_sent(project: Project, server: ScriptedServer) -> None:
    """With everything sent the exit code is 0, and a second time there is nothing to send."""
    project.report(run("a"), run("b", ended=2))
    assert project.says("drain") == "2 events sent\n"
    assert server.ids == ["run.finished-a", "run.finished-b"]
    assert project.says("drain") == "nothing was sent\n"
    assert project.says("drain", "--quiet") == ""


def test_drain_says_what_waits_and_why(project: Project, server: ScriptedServer) -> None:
    """It tries at once although the next try is not due, and exits with 1 while something is left."""
    server.answers(problem(401, "no such key"))
    project.report(run("a"))
    for _ in range(2):
        result = project.tocsin("drain")
        assert result.exit_code == 1
        assert "1 event waits to be sent to http://localhost" in result.stderr
        assert "401: no such key; put a key that the server knows into api_key" in result.stderr
    assert len(server.posts) == 2

    server.answers(taken())
    assert project.says("drain") == "1 event sent\n"


def test_drain_names_what_the_server_refuses(project: Project, server: ScriptedServer) -> None:
    """What is set aside does not wait, and is not forgotten either."""
    server.answers(problem(422, "Expected `str`"))
    project.report(run("a"))
    result = project.tocsin("drain")
    assert result.exit_code == 0
    assert result.stdout == "1 event refused\n"
    assert "the server refused 1 event; what it said stands beside them in" in result.stderr


def test_drain_without_a_server_says_what_to_set(project: Project) -> None:
    """There is nothing to send to."""
    result = project.tocsin("drain")
    assert result.exit_code == 1
    assert "no server is configured: set server in [tocsin] or TOCSIN__SERVER" in result.stderr


def test_tick_sends_when_it_is_due(project: Project, server: ScriptedServer) -> None:
    """Made for cron, it leaves a server alone that was down a moment ago, and opens no store."""
    server.answers(answer(503, retry_after="60"), taken())
    project.report(run("a"))
    for _ in range(3):
        result = project.tocsin("tick")
        assert result.exit_code == 0
        assert "answered 503; 1 event waits and will be sent later: tocsin drain" in result.stderr
    assert len(server.posts) == 1
    assert not (project.home / "tocsin.db").exists()


def test_the_end_of_a_process_without_a_companion_is_reported(project: Project, server: ScriptedServer) -> None:
    """A run whose process is gone for long has died: the server hears it as any end of a run."""
    ago = project.now - timedelta(minutes=5)
    process = replace(this_process(), pid=2**22 - 3)
    living = run("a", outcome=Outcome.RUNNING, started_at=ago, ended_at=None, cause=None, process=process)
    project.spool.beat(living, ago)
    assert project.says("tick") == "1 event sent, 1 run died\n"
    [event] = server.events
    assert (event["type"], event["run"]["outcome"]) == ("run.finished", "died")
    assert project.says("tick") == "nothing was due\n"


def test_results_of_checks_go_to_the_server(project: Project, server: ScriptedServer) -> None:
    """Those that a command has found have no run, and wait as those of runs do where the server is down."""
    content = {"tocsin_check_results": 1, "pipeline": "orders", "checks": [{"name": "paid", "status": "failed"}]}
    (project.folder / "results.json").write_text(json.dumps(content))
    project.says("check", "import", "results.json")
    [event] = server.events
    assert (event["type"], event["checks"][0]["check"]["name"]) == ("check.finished", "paid")

    server.answers(answer(503))
    result = project.tocsin("check", "import", "results.json")
    assert "1 event waits and will be sent later" in result.stderr
    assert project.spool.waiting() == 1


def test_doctor_asks_the_server(project: Project, server: ScriptedServer) -> None:
    """It says whether the server answers and takes the key, and what waits for it."""
    signs = {sign["part"]: sign for sign in project.json("doctor")["signs"]}
    assert signs["server"]["text"] == f"{server.address} answers and takes the key"
    assert (signs["spool"]["state"], signs["spool"]["text"]) == ("ok", "no event waits")
    assert "store" not in signs

    server.answers(problem(401, "no such key"))
    project.report(run("a"))
    said = project.tocsin("doctor")
    assert said.exit_code == 1
    assert "no such key" in said.stdout
    assert "1 event waits to be sent" in said.stdout
    assert "tk_s3cr3t_k3y" not in said.stdout


def test_status_says_that_a_server_is_used_and_what_is_wrong_with_it(project: Project, server: ScriptedServer) -> None:
    """Notices about channels and watchers of this machine would mislead, so there are none."""
    result = project.tocsin("status", "--json")
    assert f"reports go to {server.address}: ask there" in result.stderr
    assert project.json("status")["notices"] == []

    server.answers(answer(503))
    project.report(run("a"))
    waits, down = project.json("status")["notices"]
    assert waits.startswith("1 event waits to be sent to http://localhost")
    assert "answered 503" in down


def test_the_key_is_shown_by_no_command(project: Project, server: ScriptedServer) -> None:
    """`tocsin config show` says that there is one, and where."""
    assert server.address in (shown := project.says("config", "show"))
    assert "(secret)" in shown
    assert "tk_s3cr3t_k3y" not in shown


@pytest.mark.parametrize(
    ("settings", "secrets", "says"),
    [
        ('server = "https://t.internal"', "", "tocsin.api_key: is missing; type tocsin key create on the server"),
        ('server = "https://t.internal"\napi_key = "k"', "", "is a secret; move it to .dlt/secrets.toml"),
        ('server = "https://me:pw@t.internal"', 'api_key = "k"', "tocsin.server: holds a user name; remove it"),
        ('server = "t.internal:8765"', 'api_key = "k"', "is no address; write for example https://tocsin.internal"),
        ('server = "https://t.internal/?a=b"', 'api_key = "k"', "is no address; write for example"),
        ("", 'api_key = "k"', "is of no use without tocsin.server"),
        ('server = "https://t.internal"\nstore = "sqlite:///x.db"', 'api_key = "k"', "tocsin.store: has no effect"),
    ],
)
def test_settings_that_cannot_be_meant_are_named(project: Project, settings: str, secrets: str, says: str) -> None:
    """Each with the file, the key and what to write instead; a password is never shown."""
    project.configure(f"[tocsin]\n{settings}\n")
    project.configure(f"[tocsin]\n{secrets}\n", file="secrets.toml")
    result = project.tocsin("config", "check")
    assert result.exit_code == 2
    assert says in result.stdout
    assert "pw" not in result.stdout


def test_a_key_that_goes_unencrypted_is_a_warning(project: Project) -> None:
    """To another machine, that is: on the same one nobody listens."""
    project.configure('[tocsin]\nserver = "http://tocsin.internal/"\n')
    project.configure('[tocsin]\napi_key = "k"\n', file="secrets.toml")
    assert "warning: .dlt/config.toml: tocsin.server = 'http://tocsin.internal/': sends the key" in project.says(
        "config", "check"
    ).replace(f"{project.folder}/", "")
    project.configure('[tocsin]\nserver = "http://127.0.0.1:8765"\n')
    assert "all good" in project.says("config", "check")


def test_channels_beside_a_server_are_a_warning(project: Project) -> None:
    """Nobody hears of anything through them, and whoever reads the file would think so."""
    project.configure('[tocsin]\nserver = "http://localhost:8765"\n' + TO_A_FILE)
    assert "tocsin.channels: has no effect, because reports go to the server" in project.says("config", "check")


def test_a_server_on_the_same_machine_needs_no_key(project: Project) -> None:
    """As long as it knows nobody it lets its own machine in, which is how one tries it out."""
    project.configure('[tocsin]\nserver = "http://localhost:8765"\n')
    assert "all good" in project.says("config", "check")
