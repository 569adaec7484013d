"""A pipeline in one folder, a server in another, and a receiver that hears what the server makes of the run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from companions import Program, programs, until
from receiver import Receiver, receiving
from tocsin.engine.clock import system_clock
from tocsin.engine.server_client import Said, ServerClient

pytestmark = pytest.mark.dlt_versions

_FAILS = """
import dlt

@dlt.resource
def orders():
    yield {"id": 1}
    raise ValueError("no such customer")

with contextlib.suppress(Exception):
    dlt.pipeline("orders", destination="duckdb").run(orders())
"""


class ServerProcess:
    """`tocsin serve` on a port of its own, with SQLite and one channel."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        """Choose a port, and make a key for pipelines."""
        self.folder = folder
        folder.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.address = f"http://localhost:{self.port}"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "NO_PROXY": "localhost",
            "TOCSIN__HOME": str(folder / "home"),
            "TOCSIN__CHANNELS__OPS__TYPE": "webhook",
            "TOCSIN__CHANNELS__OPS__URL": receiver.url,
        }
        self.key: str = json.loads(self._tocsin("key", "create", "--name", "p", "--scope", "ingest", "--json"))["key"]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                _command("serve", "--port", str(self.port)),
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
            )
        client = ServerClient(self.address, self.key, system_clock)
        until(lambda: client.ask_time().said is Said.TAKEN)

    def stop(self) -> None:
        """End it as an orchestrator would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
            self._process = None

    def runs(self) -> list[Mapping[str, object]]:
        """Return what the server knows of runs."""
        found: list[Mapping[str, object]] = json.loads(self._tocsin("runs", "--json"))
        return found

    def _tocsin(self, *words: str) -> str:
        done = subprocess.run(
            _command(*words), cwd=self.folder, env=self._environment, check=True, capture_output=True, text=True
        )
        return done.stdout


def _command(*words: str) -> list[str]:
    return [sys.executable, "-c", "from tocsin.cli.main import main; main()", *words]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Hear what the server tells."""
    with receiving() as made:
        yield made


@pytest.fixture
def server(tmp_path: Path, receiver: Receiver) -> Iterator[ServerProcess]:
    """Give a server that is started later."""
    made = ServerProcess(tmp_path / "server", receiver)
    yield made
    made.stop()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """Give a pipeline that is started later, in a folder of its own."""
    with programs(tmp_path / "pipeline") as made:
        yield made


def _settings(server: ServerProcess) -> dict[str, str]:
    return {
        "TOCSIN__SERVER": server.address,
        "TOCSIN__API_KEY": server.key,
        "TOCSIN__PIPELINES__ORDERS__OWNER": "data-team",
    }


def _titles(receiver: Receiver) -> list[str]:
    return [request.json["title"] for request in receiver.requests]


def test_a_failed_pipeline_is_told_by_the_server(program: Program, server: ServerProcess, receiver: Receiver) -> None:
    """The message names what broke and whose it is, and nothing is told by the pipeline's own machine."""
    server.start()
    program.start(_FAILS, _settings(server))
    assert program.end().code == 0
    until(lambda: receiver.requests)

    assert _titles(receiver) == ["orders failed"]
    assert "no such customer" in json.dumps(receiver.last.json)
    assert "data-team" in json.dumps(receiver.last.json)
    assert program.receiver.requests == []
    until(lambda: not program.companions())
    assert [run["outcome"] for run in server.runs()] == ["failed"]
    tail = server.runs()[0]["context"]["log_tail"]  # type: ignore[index]  # a document
    assert "ValueError: no such customer" in tail


def test_what_failed_while_the_server_was_down_is_told_once_it_is_back(
    program: Program, server: ServerProcess, receiver: Receiver
) -> None:
    """The pipeline goes on as if nothing was, and its companion delivers later, once."""
    program.start(_FAILS, {**_settings(server), "TOCSIN__BUDGET": "1s"})
    ended = program.end()
    assert (ended.code, [event["type"] for event in ended.events]) == (0, ["run.started", "run.finished"])
    assert receiver.requests == []

    server.start()
    until(lambda: receiver.requests)
    until(lambda: not program.companions())
    server.stop()
    assert _titles(receiver) == ["orders failed"]
    assert [run["outcome"] for run in server.runs()] == ["failed"]


def test_a_killed_pipeline_is_told_with_what_ended_it(
    program: Program, server: ServerProcess, receiver: Receiver
) -> None:
    """The companion on its machine saw it, and the server tells it."""
    server.start()
    source = "with tocsin.watch('orders'):\n    print('on', flush=True)\n    time.sleep(600)\n"
    process = program.start(source, _settings(server))
    assert process.stdout is not None
    process.stdout.readline()
    until(server.runs)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    until(lambda: receiver.requests)
    assert _titles(receiver) == ["orders died"]
    assert "SIGKILL" in json.dumps(receiver.last.json)
