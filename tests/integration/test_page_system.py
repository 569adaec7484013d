"""`/system`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api_facts import fill
from made import NOON, run
from recorded_runs import HOSTILE
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.core.access import Role as UserRole
from tocsin.core.access import Scope
from tocsin.core.inbox import Received
from tocsin.core.run import Context
from tocsin.engine.api_keys import create_key
from tocsin.engine.expected import look_at_slots
from tocsin.engine.opening import open_engine
from tocsin.engine.presence import Presence, Role
from tocsin.engine.users import add_user
from tocsin.store.memory import MemoryStore
from tocsin.web.app import create_app

SETTINGS = {"schedul": "daily", "channels": {"ops": {"type": "file", "path": "told.jsonl"}}}


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """Give an application with a mistake in its settings."""
    layer = Layer(origin="/etc/tocsin.toml", values={"tocsin": SETTINGS}, secrets_allowed=False)
    engine = open_engine(load([layer], home=tmp_path), store=MemoryStore(), clock=lambda: NOON)
    return create_app(engine)


@pytest.fixture
def browser(app: FastAPI) -> Iterator[TestClient]:
    """Give a browser on its own machine."""
    with TestClient(app, base_url="http://127.0.0.1", headers={"Accept": "text/html"}) as client:
        yield client


def test_a_watcher_that_never_looked_is_said_with_what_to_type(browser: TestClient) -> None:
    """It is the first thing on the page, and in its title."""
    text = browser.get("/system").text
    assert "2 things to look at in Tocsin itself · Tocsin</title>" in text
    assert "Type: tocsin watch" in text


def test_a_watcher_that_looks_is_seen(app: FastAPI, browser: TestClient) -> None:
    """And one that was killed is seen to be silent."""
    engine = app.state.server.engine
    look_at_slots(engine)
    Presence(engine, Role.WATCHER).note()
    killed = replace(engine, clock=lambda: NOON - timedelta(minutes=7))
    Presence(killed, Role.WORKER).note()
    text = browser.get("/system").text
    assert "at what is due" in text
    assert "watcher " in text
    assert "at work" in text
    assert "silent for 7 min" in text


def test_a_mistake_in_the_settings_is_told_with_its_file_and_remedy(browser: TestClient) -> None:
    """As in `tocsin config check`."""
    text = browser.get("/system").text
    assert "/etc/tocsin.toml" in text
    assert "tocsin.schedul" in text
    assert "unknown key" in text


def test_what_waits_and_what_could_not_be_used_is_told(app: FastAPI, browser: TestClient) -> None:
    """By channel, those included that nobody has configured, and with the age of the oldest."""
    engine = app.state.server.engine
    fill(engine.store)
    with engine.store.writing() as tx:
        tx.receive([Received(event_id=name, text="{}", at=NOON - timedelta(minutes=6)) for name in ("e1", HOSTILE)])
        tx.refuse_received(2, HOSTILE)
    text = browser.get("/system").text
    assert "Events to take in</span><b" in text
    assert "the oldest for 6 min" in text
    assert "not configured here" in text
    assert "Events that could not be used" in text
    assert "<img" not in text


def test_a_clock_that_differs_is_named(app: FastAPI, browser: TestClient) -> None:
    """Once a machine, by how much."""
    for number in range(2):
        context = Context(host="worker-7", clock_ahead=timedelta(minutes=-3))
        with app.state.server.engine.store.writing() as tx:
            tx.save_run(run(f"r{number}", context=context))
    text = browser.get("/system").text
    assert text.count("worker-7") == 1
    assert "3 min behind" in text


def test_keys_and_the_trail_are_for_admins(app: FastAPI, browser: TestClient) -> None:
    """Others who may read see the rest; a key for one environment sees nothing of it."""
    engine = app.state.server.engine
    for number in range(35):
        add_user(engine, f"user{number}", role=UserRole.READ, password_hash="", by="root")
    texts = {
        name: create_key(engine, name=name, scopes=[scope], environments=only, expires_at=None, by="root")[1]
        for name, scope, only in (("adm", Scope.ADMIN, None), ("rd", Scope.READ, None), ("prod", Scope.READ, ["prod"]))
    }
    admin = browser.get("/system", headers={"Authorization": f"Bearer {texts['adm']}"}).text
    assert "Who did what" in admin
    assert "never" in admin
    older = admin.split('" rel="next"')[0].rsplit('href="', 1)[1]
    assert "user0" not in admin
    assert "user0" in browser.get(older, headers={"Authorization": f"Bearer {texts['adm']}"}).text
    reader = browser.get("/system", headers={"Authorization": f"Bearer {texts['rd']}"})
    assert reader.status_code == 200
    assert "Who did what" not in reader.text
    assert browser.get("/system", headers={"Authorization": f"Bearer {texts['prod']}"}).status_code == 403
