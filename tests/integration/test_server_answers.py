"""What the application answers where it cannot do what it was asked."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tocsin.cli.extra import needs_extra
from tocsin.config.model import Config
from tocsin.core.wire import EVENTS_PATH
from tocsin.engine.opening import open_engine
from tocsin.errors import ConfigError, StoreError
from tocsin.store.memory import MemoryStore, MemoryTransaction
from tocsin.web import health
from tocsin.web.app import create_app
from tocsin.web.listening import address_of, listen

_NOTE = {"id": "n", "type": "note", "at": "2026-11-23T12:00:00Z", "note": {"text": "hello"}}


class _Broken(MemoryStore):
    """A store that cannot be used while `broken` is set."""

    broken = False

    @contextmanager
    def appending(self) -> Iterator[MemoryTransaction]:
        if self.broken:
            raise StoreError("the disk is full; password=secret")
        with super().appending() as tx:
            yield tx

    @contextmanager
    def reading(self) -> Iterator[MemoryTransaction]:
        if self.broken:
            raise StoreError("the disk is full; password=secret")
        with super().reading() as tx:
            yield tx


@pytest.fixture
def store() -> _Broken:
    """Give a store that can be broken."""
    return _Broken()


@pytest.fixture
def app(tmp_path: Path, store: _Broken) -> FastAPI:
    """Give the application on that store."""
    return create_app(open_engine(Config(home=tmp_path), store=store))


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Give a client on the loopback that sees answers only."""
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


def test_a_store_that_cannot_be_used_is_no_answer_that_it_was_kept(client: TestClient, store: _Broken) -> None:
    """The sender hears when to come again, and nothing of what is wrong inside; then it is taken."""
    assert client.post(EVENTS_PATH, json=_NOTE).status_code == 202
    store.broken = True
    answer = client.post(EVENTS_PATH, json={**_NOTE, "id": "m"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "secret" not in answer.text
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    store.broken = False
    assert client.post(EVENTS_PATH, json={**_NOTE, "id": "m"}).status_code == 202
    assert client.get("/readyz").status_code == 200


def test_a_server_that_is_behind_is_not_ready(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how much waits."""
    client.post(EVENTS_PATH, json=_NOTE)
    monkeypatch.setattr(health, "MOST_WAITING", 1)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "1 event" in answer.json()["detail"]


def test_a_clock_that_is_none_is_refused(client: TestClient) -> None:
    """With what was found and how it is written."""
    for found in ("fast", "nan", "1e300", ""):
        answer = client.post(EVENTS_PATH, json=_NOTE, headers={"Tocsin-Clock-Ahead": found})
        assert answer.status_code == 400
        assert f"Tocsin-Clock-Ahead is {found!r}. Send seconds" in answer.json()["detail"]


def test_every_answer_makes_browsers_careful(app: FastAPI, client: TestClient) -> None:
    """What is found, what is not, and what has failed: each bears the headers, and failures are problems."""

    @app.get("/api/v1/fails")
    async def fails() -> None:
        raise ZeroDivisionError

    for path, status in (("/healthz", 200), ("/api/v1/nothing", 404), (EVENTS_PATH, 405), ("/api/v1/fails", 500)):
        answer = client.get(path)
        assert answer.status_code == status
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        if status != 200:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["status"] == status


def test_what_is_missing_is_named_with_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop has no web framework; a mistake of our own is no reason to install something."""
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with (
        pytest.raises(ConfigError, match=r"fastapi is not installed. Type: pip install 'dlt-tocsin\[server\]'"),
        needs_extra("server"),
    ):
        import fastapi  # noqa: F401
    with pytest.raises(ModuleNotFoundError), needs_extra("server"):
        import tocsin.no_such_module  # type: ignore[import-not-found]  # noqa: F401


def test_a_socket_has_an_address_for_people() -> None:
    """Of either kind."""
    with listen("127.0.0.1", 0) as bound:
        assert address_of(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}"
    if socket.has_ipv6:
        with listen("::1", 0) as bound:
            assert address_of(bound) == f"http://[::1]:{bound.getsockname()[1]}"


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.EACCES, "port 80 needs more rights than this user has"), (errno.ENOBUFS, "cannot listen on port 80")],
)
def test_a_port_that_cannot_be_had_is_named(monkeypatch: pytest.MonkeyPatch, number: int, said: str) -> None:
    """Whatever the system says."""

    def bind(_socket: object, _address: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(ConfigError, match=said):
        listen("127.0.0.1", 80)
