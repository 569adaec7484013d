"""What the files in deploy/ start, started as they say, though by no container engine and no systemd."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deployed import UNITS, command, compose, pods, unit
from real_postgres import Postgres
from typed_process import MAIN, TypedProcess, wait_until

[UNIT_OF_WORKER] = [path for path in UNITS if path.stem == "tocsin-worker"]


class Container:
    """A folder where commands of the image are typed; it has a home, and no other place that can be written."""

    def __init__(self, folder: Path, store: str = "") -> None:
        """Make it; `store` is what stands in the secrets."""
        self.folder = folder / "etc"
        (self.folder / ".dlt").mkdir(parents=True)
        if store:
            (self.folder / ".dlt" / "secrets.toml").write_text(f'[tocsin]\nstore = "{store}"\n')
        home, nowhere = str(folder / "home"), str(folder / "nowhere")
        self.env = {**os.environ, "TOCSIN__HOME": home, "HOME": nowhere, "TMPDIR": nowhere}

    def run(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Type what follows the entry point, and wait until it has ended."""
        assert command("ENTRYPOINT") == ["tocsin"]
        typed = [sys.executable, "-c", MAIN, *words]  # the image has no dlt either
        return subprocess.run(
            typed, cwd=self.folder, env=self.env, input=given, check=False, capture_output=True, text=True
        )

    def start(self, *words: str) -> TypedProcess:
        """Type it for the length of a `with` block."""
        return TypedProcess(*words, folder=self.folder, env=self.env)


def is_well(port: int) -> bool:
    """Whether the health check of the image, asked at another port, is content."""
    _, *words = [word.replace("8765", str(port)) for word in command("HEALTHCHECK")]
    return subprocess.run([sys.executable, *words], check=False, capture_output=True).returncode == 0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def ends_in_order(process: TypedProcess) -> None:
    """Send SIGTERM, as container engines do, and see it end well."""
    process.process.send_signal(signal.SIGTERM)
    assert process.process.wait(60) == 0, process.err


def test_the_image_serves_is_healthy_and_ends(tmp_path: Path) -> None:
    """Not before somebody is known; then its health check is content, and SIGTERM ends it with 0."""
    box, port = Container(tmp_path), free_port()
    serve = [*command("CMD"), "--port", str(port)]
    refused = box.run(*serve)
    assert refused.returncode == 1
    assert "tocsin user add" in refused.stderr

    known = box.run("user", "add", "ann", "--role", "admin", "--password-stdin", given="a long password\n")
    assert known.returncode == 0
    assert not is_well(port)
    with box.start(*serve) as server:
        server.says("serving")
        wait_until(lambda: is_well(port), "a server that is well")
        ends_in_order(server)
    assert {path.name for path in tmp_path.iterdir()} == {"etc", "home"}


def test_tables_are_made_once_before_servers_and_workers(tmp_path: Path, postgres: Postgres) -> None:
    """Who waits for the tables sees them missing, then made; then all start the same worker."""
    box = Container(tmp_path, store=postgres.empty_database())
    [waits] = pods()["tocsin-worker"]["initContainers"]
    assert pods()["tocsin-server"]["initContainers"] == [waits]
    [upgrade] = pods()["tocsin-upgrade"]["containers"]
    assert upgrade["args"] == compose()["upgrade"]["command"]

    assert box.run(*waits["args"]).returncode == 2
    assert box.run(*upgrade["args"]).returncode == 0
    assert box.run(*waits["args"]).returncode == 0
    [worker] = pods()["tocsin-worker"]["containers"]
    assert worker["args"] == compose()["worker"]["command"]
    assert unit(UNIT_OF_WORKER)["ExecStart"].split()[1:] == worker["args"]  # which the next test starts


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units_start_what_tells_systemd_of_itself(path: Path, tmp_path: Path, postgres: Postgres) -> None:
    """What ExecStart says begins, says that it is ready, gives signs of life if it has to, and ends with 0."""
    section = unit(path)
    assert section["Type"] == "notify"
    box = Container(tmp_path, store=postgres.database() if path == UNIT_OF_WORKER else "")
    program, *words = section["ExecStart"].split()
    assert program.endswith("/bin/tocsin")

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        box.env["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        with box.start(*words, *(["--port", "0"] if words == ["serve"] else [])) as process:
            assert systemd.recv(100) == b"READY=1"
            heard = {systemd.recv(100)} if "WatchdogSec" in section else set()
            ends_in_order(process)
    assert heard <= {b"WATCHDOG=1"}
