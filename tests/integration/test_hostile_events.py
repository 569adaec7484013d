"""Events that were made to break something, through a whole application and into the engine."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from any_events import any_event, nearly_an_event
from made import NOON
from stores import NewStore
from tocsin.capture.spool import Spool
from tocsin.config.model import Config
from tocsin.core.codec import encode
from tocsin.core.event import Event
from tocsin.core.wire import CLOCK_AHEAD, EVENTS_PATH
from tocsin.engine.engine import Engine
from tocsin.engine.opening import open_engine
from tocsin.engine.tick import tick
from tocsin.web.app import create_app

_MANY = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture
def engine(tmp_path: Path, new_store: NewStore) -> Engine:
    """Give an engine without channels, on each kind of database: they refuse different things."""
    return open_engine(Config(home=tmp_path), store=new_store(), watching=True)


@pytest.fixture
def client(engine: Engine) -> Iterator[TestClient]:
    """Give a client of the whole application, which raises nothing that the server does not answer."""
    with TestClient(create_app(engine), base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


def _empty(engine: Engine) -> None:
    """Take all in, and see that nothing is left behind."""
    tick(engine)
    with engine.store.reading() as tx:
        assert tx.backlog() == (0, None)


@given(events=st.lists(any_event(), min_size=1, max_size=3), ahead=st.sampled_from(["0", "-300.5", "86400", "3e9"]))
@_MANY
def test_any_event_that_the_types_allow_is_taken_in_or_refused(
    client: TestClient, engine: Engine, events: list[Event], ahead: str
) -> None:
    """Whatever its texts, numbers and moments are: it is accepted, and what the engine makes of it ends no tick."""
    body = gzip.compress(json.dumps([encode(event) for event in events]).encode())
    answer = client.post(EVENTS_PATH, content=body, headers={"Content-Encoding": "gzip", CLOCK_AHEAD: ahead})
    assert answer.status_code == 202, answer.text
    _empty(engine)


@given(event=nearly_an_event())
@_MANY
def test_what_is_nearly_an_event_is_accepted_or_refused(client: TestClient, engine: Engine, event: Any) -> None:
    """It is never a failure of the server; what is refused says where it is wrong."""
    answer = client.post(EVENTS_PATH, content=json.dumps(event))
    if answer.status_code != 202:
        assert answer.status_code in {400, 413, 422}, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]
    _empty(engine)


@given(body=st.binary(max_size=200) | st.text(max_size=100).map(str.encode), packed=st.booleans())
@_MANY
def test_bytes_that_mean_nothing_are_refused(client: TestClient, body: bytes, packed: bool) -> None:  # noqa: FBT001
    """Packed or not, they are the sender's mistake and not the server's."""
    answer = client.post(EVENTS_PATH, content=body, headers={"Content-Encoding": "gzip"} if packed else {})
    assert 400 <= answer.status_code < 500, (body, answer.text)


@given(event=nearly_an_event())
@_MANY
def test_files_that_are_nearly_events_end_no_tick(engine: Engine, event: Any) -> None:
    """What lies in the spool is taken in or set aside, and does not lie there for ever."""
    spool = Spool(engine.config.home)
    spool.events.mkdir(exist_ok=True)
    (spool.events / "20261123T120000-e.json").write_text(json.dumps(event), encoding="utf-8", errors="replace")
    tick(engine)
    assert spool.waiting() == 0


def test_a_replay_changes_nothing(client: TestClient, engine: Engine) -> None:
    """The same body again and again, before and after it was taken in, is one run."""
    run = {"id": "r", "pipeline": "orders", "environment": "default", "started_at": NOON.isoformat()}
    ended = {**run, "ended_at": NOON.isoformat(), "outcome": "failed"}
    body = json.dumps([{"id": "e", "type": "run.finished", "at": NOON.isoformat(), "run": ended}] * 2)
    for _ in range(3):
        assert client.post(EVENTS_PATH, content=body).status_code == 202
        _empty(engine)
    with engine.store.reading() as tx:
        assert len(tx.runs()) == len(tx.alerts()) == 1
        assert tx.alerts()[0].occurrences == 1
