"""A real Airflow on the loopback: its scheduler runs each DAG of this folder once, and those of the example."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
OF_AIRFLOW_3 = int(version("apache-airflow").partition(".")[0]) > 2
#: The jobs whose reports come last: each DAG's own, and that of a DAG without one.
LAST = {"loose", "slow", "killed", "night.clean_up", "night.send[1]", "night.load_books"}
LAST_OF_EXAMPLE = {"shop"}
_PATIENCE = 600.0


@dataclass(frozen=True, kw_only=True)
class Told:
    """What came of it all."""

    #: As the channel got them, in their order.
    messages: list[dict[str, Any]]
    #: As `tocsin runs --json` lists them, newest first.
    runs: list[dict[str, Any]]

    def about(self, subject: str) -> list[dict[str, Any]]:
        """Return the messages about one pipeline or job."""
        return [one for one in self.messages if one["alert_id"] and one["data"]["alert"]["subject"] == subject]

    def lines(self, subject: str) -> dict[str, str]:
        """Return the lines of the last bad news about a subject, by their labels."""
        bad = [one["text"] for one in self.about(subject) if one["type"] == "alert.firing"]
        return dict(line.split(": ", 1) for line in bad[-1].splitlines() if ": " in line)

    def titles(self, subject: str) -> list[str]:
        """Return the titles of the messages about a subject, without how long it lasted."""
        return [one["title"].partition(" after ")[0] for one in self.about(subject)]

    def outcomes(self, pipeline: str) -> list[str]:
        """Return how the runs of a pipeline or job ended, the first one first."""
        return [run["outcome"] for run in reversed(self.runs) if run["pipeline"] == pipeline]


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Let Airflow run all DAGs, and return what was told."""
    home = tmp_path_factory.mktemp("airflow")
    dags = shutil.copytree(Path(__file__).parent / "dags", home / "dags")
    if OF_AIRFLOW_3:
        shutil.copytree(ROOT / "examples/airflow/dags", dags, dirs_exist_ok=True)
    wanted = LAST | (LAST_OF_EXAMPLE if OF_AIRFLOW_3 else set())
    with _watched_by(home) as (tocsin, settings), _airflow(home, settings):
        _wait(lambda: wanted <= {run["pipeline"] for run in _runs(tocsin)}, lambda: _state(home, tocsin))
    return Told(messages=_messages(home), runs=_runs(tocsin))


@contextlib.contextmanager
def _watched_by(home: Path) -> Iterator[tuple[Callable[..., str], dict[str, str]]]:
    """Yield the command line of Tocsin, and the settings with which tasks report."""
    channel = {
        "TOCSIN__GROUP_ABOVE": "1000",
        "TOCSIN__CHANNELS__OPS__TYPE": "file",
        "TOCSIN__CHANNELS__OPS__PATH": str(home / "told.jsonl"),
    }
    # Tasks run in several folders, and share a store all the same.
    settings = channel | {"TOCSIN__STORE": f"sqlite:///{home}/tocsin.db"}
    if OF_AIRFLOW_3:
        yield _command(BIN, home, settings), settings
        return
    # Airflow 2 comes with a SQLAlchemy that has no way to a store of ours: tasks report to a server.
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    server = [str(ROOT / ".venv/bin/tocsin"), "serve", "--port", str(port)]
    with _running(home, server, _environment(home, settings)):
        _wait(lambda: _answers(f"{address}/healthz"), (home / "serve.log").read_text)
        yield _command(ROOT / ".venv/bin", home, settings), {"TOCSIN__SERVER": address}


@contextlib.contextmanager
def _airflow(home: Path, settings: dict[str, str]) -> Iterator[None]:
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    airflow = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor" if OF_AIRFLOW_3 else "SequentialExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "2",
        # A busy machine is no reason to give a task up.
        "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "600",
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(_free_port()),
        "AIRFLOW__WEBSERVER__BASE_URL": address,
    }
    environment = _environment(home, settings | airflow)
    subprocess.run([BIN / "airflow", "db", "migrate"], cwd=home, env=environment, check=True, capture_output=True)
    with contextlib.ExitStack() as running:
        if OF_AIRFLOW_3:
            running.enter_context(_running(home, [BIN / "airflow", "api-server"], environment))
            # Tasks that find no server fail before they begin.
            _wait(lambda: _answers(f"{address}/api/v2/version"), (home / "api-server.log").read_text)
            running.enter_context(_running(home, [BIN / "airflow", "dag-processor"], environment))
        running.enter_context(_running(home, [BIN / "airflow", "scheduler"], environment))
        yield


@contextlib.contextmanager
def _running(home: Path, command: Sequence[str | Path], environment: dict[str, str]) -> Iterator[None]:
    with (home / f"{command[1]}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def _command(bin_folder: Path, home: Path, settings: dict[str, str]) -> Callable[..., str]:
    def tocsin(*words: str) -> str:
        environment = _environment(home, settings)
        return subprocess.run(
            [bin_folder / "tocsin", *words], cwd=home, env=environment, check=True, capture_output=True, text=True
        ).stdout

    return tocsin


def _environment(home: Path, more: dict[str, str]) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "TOCSIN_", "PYTEST"))}
    path = f"{BIN}{os.pathsep}{own['PATH']}"
    dlt = {
        "DLT_DATA_DIR": str(home / "dlt"),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        # dlt asks Airflow's server for each of its settings otherwise, several thousand times.
        "PROVIDERS__ENABLE_AIRFLOW_SECRETS": "false",
    }
    return own | {"PATH": path} | dlt | more


def _runs(tocsin: Callable[..., str]) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(tocsin("runs", "--json", "--limit", "200"))
    return listed


def _messages(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "told.jsonl").read_text().splitlines()]


def _state(home: Path, tocsin: Callable[..., str]) -> str:
    """Say how far everything has come, where it does not come any further."""
    with contextlib.closing(sqlite3.connect(home / "airflow.db")) as database:
        tasks = database.execute("SELECT dag_id, task_id, map_index, try_number, state FROM task_instance").fetchall()
        errors = database.execute("SELECT stacktrace FROM import_error").fetchall()
    return "\n".join(
        [*map(str, tasks), *map(str, errors), tocsin("runs"), (home / "scheduler.log").read_text()[-5000:]]
    )


def _answers(address: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  # the address is ours
        return bool(answer.status == 200)
    return False


def _wait(ready: Callable[[], bool], state: Callable[[], str]) -> None:
    until = time.monotonic() + _PATIENCE
    while not ready():
        if time.monotonic() > until:
            pytest.fail(state())
        time.sleep(1)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
