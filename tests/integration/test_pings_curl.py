"""A server process, and curl as it stands in a crontab."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from served import Served, serving
from tocsin.core.access import Scope
from tocsin.core.run import Outcome, Run
from tocsin.engine.api_keys import create_key, revoke_key
from typed_process import wait_until

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")

_SETTINGS = '[tocsin.channels.ops]\ntype = "file"\npath = "told.jsonl"\n'
_CRON = "curl -fsS -m 10 --retry 3"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A server, and a machine whose jobs ping it."""

    served: Served
    folder: Path
    keys: dict[str, str]

    def sh(self, line: str, key: str = "cron") -> subprocess.CompletedProcess[str]:
        """Type a line as cron does, with `$PING` for the beginning of the address."""
        ping = f"{self.served.address}/ping/{self.keys[key]}"
        environment = {"PATH": "/usr/bin:/bin", "PING": ping}
        return subprocess.run(  # noqa: S602  # it is a line of a crontab
            line, shell=True, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def refused(self, path: str, *, key: str = "cron") -> str:
        """Ping, and return the status and the text of the answer."""
        done = self.sh(f"curl -sS -w ' %{{http_code}} %{{content_type}}' \"${{PING}}{path}\"", key)
        return done.stdout

    def runs(self, job: str) -> list[Run]:
        """Return the runs of a job that have been taken in, newest first."""
        with self.served.engine.store.reading() as tx:
            return [*tx.runs(pipeline=job)]

    def newest(self, job: str, outcome: Outcome) -> Run:
        """Wait until the newest run of a job has come so far, and return it."""
        wait_until(lambda: [run.outcome for run in self.runs(job)[:1]] == [outcome], f"{job} to be {outcome}")
        return self.runs(job)[0]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Serve, with a key that pings and one that does more."""
    folder = tmp_path_factory.mktemp("machine")
    with serving(folder, "--access-log", settings=_SETTINGS) as served:
        scopes = {"cron": Scope.PING, "nightly": Scope.PING, "gone": Scope.PING, "etl": Scope.INGEST}
        keys = {}
        for name, scope in scopes.items():
            environments = ["prod"] if name == "nightly" else None
            _, keys[name] = create_key(
                served.engine, name=name, scopes=[scope], environments=environments, expires_at=None, by="test"
            )
        revoke_key(served.engine, "gone", by="test")
        yield Machine(served=served, folder=folder, keys=keys)


def test_a_line_of_a_crontab_is_watched(machine: Machine) -> None:
    """Whatever the job's exit code is, curl says OK and nothing else; the job's own name and the key's count."""
    done = machine.sh(f"true; {_CRON} $PING/ok/$?")
    assert (done.returncode, done.stdout, done.stderr) == (0, "OK\n", "")
    run = machine.newest("ok", Outcome.SUCCEEDED)
    assert (run.environment, run.context.pinged, run.context.host) == ("default", True, "127.0.0.1")
    machine.sh(f"{_CRON} $PING", "nightly")
    assert machine.newest("nightly", Outcome.SUCCEEDED).environment == "prod"


def test_a_failure_is_told_with_what_it_said(machine: Machine) -> None:
    """The output comes with the ping, secrets are taken out of it, and the alert has its last line."""
    job = "(echo connecting with password=hunter2hunter2; echo 'tar: /data: cannot open' >&2; exit 2)"
    machine.sh(f"{_CRON} $PING/backup/start; {job} > out 2>&1; {_CRON} --data-binary @out $PING/backup/$?")
    run = machine.newest("backup", Outcome.FAILED)
    assert run.context.log_tail == "connecting with password=[secret]\ntar: /data: cannot open"
    told = machine.folder / "told.jsonl"
    wait_until(lambda: told.exists() and "backup" in told.read_text(), "the message")
    (message,) = [line for line in map(json.loads, told.read_text().splitlines()) if "backup" in line["title"]]
    assert "exit code 2: tar: /data: cannot open" in json.dumps(message)
    assert "hunter2" not in told.read_text()


def test_what_is_long_or_no_text_is_taken_too(machine: Machine) -> None:
    """Of three megabytes the end counts, and bytes that are no text become marks."""
    machine.sh(f"(yes | head -c 3000000; printf '\\0 \\377 the end') | {_CRON} --data-binary @- $PING/long/fail")
    run = machine.newest("long", Outcome.FAILED)
    assert len(run.context.log_tail) <= 8000
    assert run.context.log_tail.startswith("[2,992,072 characters left out]\ny\n")
    assert run.context.log_tail.endswith("y\n\ufffd \ufffd the end")
    much = machine.sh("head -c 5000000 /dev/zero | curl -sS -w ' %{http_code}' --data-binary @- $PING/long/fail")
    assert "The body has 5,000,000 bytes; the most is 4,194,304" in much.stdout
    assert much.stdout.endswith(" 413")


def test_a_head_request_pings(machine: Machine) -> None:
    """Monitoring tools that ask so are heard; the answer has no body."""
    done = machine.sh(f"{_CRON} -I $PING/head/fail")
    assert done.stdout.startswith("HTTP/1.1 200 OK")
    machine.newest("head", Outcome.FAILED)


def test_runs_that_overlap(machine: Machine) -> None:
    """`rid` tells them apart."""
    for word, rid in (("start", "a"), ("start", "b"), ("3", "b"), ("0", "a")):
        machine.sh(f'{_CRON} "$PING/sync/{word}?rid={rid}"')
    wait_until(lambda: len(machine.runs("sync")) == 2, "both runs")
    wait_until(lambda: all(run.ended_at for run in machine.runs("sync")), "their ends")
    assert {run.context.names["rid"]: run.outcome for run in machine.runs("sync")} == {
        "a": Outcome.SUCCEEDED,
        "b": Outcome.FAILED,
    }


def test_what_cannot_be_pinged_is_said_in_a_sentence(machine: Machine) -> None:
    """As plain text, which is what somebody sees who tries it in a terminal."""
    for path, key, status, said in (
        (
            "/a/b/c",
            "cron",
            404,
            "An address to ping is /ping/KEY or /ping/KEY/JOB, and after that nothing for a success",
        ),
        ("x", "cron", 403, "The key is not known here"),
        ("/job", "gone", 403, "(gone) was revoked. Make another: tocsin key create"),
        ("/job", "etl", 403, "This key may do more than ping, and addresses end up in logs. Make one for pings alone"),
        ("/job?rid=%20", "cron", 400, "rid is no id of a run"),
    ):
        answer = machine.refused(path, key=key)
        assert said in answer
        assert answer.endswith(f"\n {status} text/plain; charset=utf-8")
    failed = machine.sh(f"{_CRON} $PING/job", "gone")
    assert (failed.returncode, "403" in failed.stderr) == (22, True)
    assert machine.runs("job") == []


def test_a_key_that_pings_does_nothing_else(machine: Machine) -> None:
    """Whoever finds it in a log can neither read nor report by any other way."""
    header = f"-H 'Authorization: Bearer {machine.keys['cron']}'"
    for path in ("/api/v1/runs", "/metrics", "/api/v1/audit"):
        done = machine.sh(f"curl -sS {header} {machine.served.address}{path}")
        assert "and key cron has ping" in done.stdout
    posted = machine.sh(f"curl -sS {header} --json '[]' {machine.served.address}/api/v1/events")
    assert "This needs the scope ingest" in posted.stdout


def test_no_key_stands_in_our_own_log(machine: Machine) -> None:
    """The line of a request has [secret] in its place; metrics count pings without naming any."""
    machine.sh(f"{_CRON} $PING/logged")
    wait_until(lambda: b"/logged HTTP/1.1" in machine.served.process.err, "the line of the request")
    assert b"GET /ping/[secret]/logged HTTP/1.1" in machine.served.process.err
    assert machine.keys["cron"].encode() not in machine.served.process.err


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    """OK is said when the ping is on the disk, whatever happens to the server then."""
    with serving(tmp_path) as served:
        _, key = create_key(
            served.engine, name="cron", scopes=[Scope.PING], environments=None, expires_at=None, by="test"
        )
        machine = Machine(served=served, folder=tmp_path, keys={"cron": key})
        assert machine.sh(f"{_CRON} $PING/last").stdout == "OK\n"
        served.process.signal(signal.SIGKILL)
        served.process.end()
    with serving(tmp_path) as served:
        Machine(served=served, folder=tmp_path, keys={}).newest("last", Outcome.SUCCEEDED)
