"""`tocsin serve` as a process: what is posted is told, and no end of it loses what it has acknowledged."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from served import Served, serving
from tocsin.core.wire import CLOCK_AHEAD, EVENTS_PATH
from typed_process import TypedProcess, wait_until

_TO_A_FILE = '[tocsin.channels.ops]\ntype = "file"\npath = "told.jsonl"\n'
_NOON = "2026-11-23T12:00:00+00:00"


def _failed(name: str, at: str = _NOON) -> dict[str, object]:
    run = {"id": name, "pipeline": name, "environment": "default", "started_at": at, "ended_at": at}
    return {"id": f"end-{name}", "type": "run.finished", "at": at, "run": {**run, "outcome": "failed"}}


def _post(server: Served, body: object, **headers: str) -> int:
    request = urllib.request.Request(  # noqa: S310  # it is http
        f"{server.address}{EVENTS_PATH}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # see above
        status: int = answer.status
        return status


def _runs(server: Served) -> set[str]:
    with server.engine.store.reading() as tx:
        return {run.id for run in tx.runs()}


def test_a_failure_that_is_posted_is_told(tmp_path: Path) -> None:
    """By the engine in the same process, once however often it is posted; SIGTERM ends both in order."""
    with serving(tmp_path, settings=_TO_A_FILE) as server:
        told = tmp_path / "told.jsonl"
        assert _post(server, _failed("orders")) == _post(server, [_failed("orders")]) == 202
        wait_until(told.exists, "the message")
        server.process.process.send_signal(signal.SIGTERM)
        assert server.process.process.wait(60) == 0
        assert len(told.read_text().splitlines()) == 1
        assert "orders failed" in told.read_text()
        assert b"ended" in server.process.out


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """Eight senders post until the server is killed; every run that was acknowledged is there after the next start."""
    acknowledged: set[str] = set()

    def send(server: Served, sender: int) -> None:
        for number in range(10_000):
            name = f"{sender}-{number}"
            try:
                _post(server, _failed(name))
            except (OSError, ValueError):
                return
            acknowledged.add(name)

    with serving(tmp_path) as server:
        senders = [threading.Thread(target=send, args=(server, sender)) for sender in range(8)]
        for sender in senders:
            sender.start()
        wait_until(lambda: len(acknowledged) > 50, "the first answers")
        server.process.process.kill()
        for sender in senders:
            sender.join()
    with serving(tmp_path) as server:

        def empty() -> bool:
            with server.engine.store.reading() as tx:
                return tx.backlog()[0] == 0

        wait_until(empty, "the engine to take in what was kept")
        with server.engine.store.reading() as tx:
            assert {name for name in acknowledged if tx.run(name) is None} == set()


def test_a_clock_that_is_behind_is_put_right_and_shown(tmp_path: Path) -> None:
    """The run is told by the server's clock, and `tocsin show` says that the sender's is behind."""
    with serving(tmp_path) as server:
        assert _post(server, _failed("orders"), **{CLOCK_AHEAD: "-300"}) == 202
        wait_until(lambda: _runs(server), "the run")
        with server.engine.store.reading() as tx:
            run = tx.run("orders")
        assert run is not None
        assert run.started_at.isoformat() == "2026-11-23T12:05:00+00:00"
        environment = {"TOCSIN__HOME": str(tmp_path / "home")}
        with TypedProcess("show", "orders", folder=tmp_path, env=environment) as shown:
            assert shown.process.wait(60) == 0
            shown.end()
        assert b"5 min behind that of the server; times are told by the server's" in shown.out


def test_a_request_that_never_ends_holds_up_nothing(tmp_path: Path) -> None:
    """Others are answered meanwhile; a body that is shorter than announced is not kept."""
    with serving(tmp_path) as server:
        host, _, port = server.address.removeprefix("http://").rpartition(":")
        head = f"POST {EVENTS_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        with socket.create_connection((host, int(port))) as caller:
            caller.sendall(f"{head}Content-Length: 5000\r\n\r\n".encode() + json.dumps(_failed("half")).encode())
            assert _post(server, _failed("whole")) == 202
        wait_until(lambda: _runs(server), "the run")
        assert _runs(server) == {"whole"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_it_says_that_it_is_well(tmp_path: Path, path: str) -> None:
    """Without a key, so that a load balancer can ask."""
    with serving(tmp_path) as server, urllib.request.urlopen(f"{server.address}{path}") as answer:  # noqa: S310
        assert answer.status == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """With the way to find out who has it, and before anything is opened."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with TypedProcess("serve", "--port", str(port), folder=tmp_path) as process:
            assert process.process.wait(60) == 1
            process.end()
    assert f"port {port} of 127.0.0.1 is in use. See who has it: ss -ltnp" in process.err.decode()


def test_a_host_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """So is an address of another machine."""
    for host, said in (("no.such.host.invalid", "is not known"), ("203.0.113.7", "is no address of this machine")):
        with TypedProcess("serve", "--host", host, "--port", "0", folder=tmp_path) as process:
            assert process.process.wait(60) == 1
            process.end()
        assert re.search(rf"{re.escape(host)}'? {said}", process.err.decode()), process.err
