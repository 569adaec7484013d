"""Processes say that they are at work."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from made import NOON
from tocsin.config.model import Config
from tocsin.engine.engine import Engine
from tocsin.engine.opening import open_engine
from tocsin.engine.presence import MISSED, NOTED_EVERY, Presence, Role, present
from tocsin.store.memory import MemoryStore
from tocsin.web.app import create_app
from typed_process import wait_until

SECOND = timedelta(seconds=1)


class Clock:
    """A clock that is moved by hand."""

    now = NOON

    def __call__(self) -> datetime:
        """Return the present."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Give a clock."""
    return Clock()


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Engine:
    """Give an engine that goes by the clock."""
    return open_engine(Config(home=tmp_path), store=MemoryStore(), clock=clock)


def seen(engine: Engine) -> list[tuple[Role, datetime]]:
    """Return who is known to be at work, and when each said so."""
    with engine.store.reading() as tx:
        return [(one.role, one.seen_at) for one in present(tx)]


def test_a_process_says_so_now_and_then(engine: Engine, clock: Clock) -> None:
    """Not at each look: that would be a write each time."""
    watcher = Presence(engine, Role.WATCHER)
    watcher.note()
    clock.now += NOTED_EVERY - SECOND
    watcher.note()
    assert seen(engine) == [(Role.WATCHER, NOON)]
    clock.now += SECOND
    watcher.note()
    assert seen(engine) == [(Role.WATCHER, NOON + NOTED_EVERY)]
    # A clock that was set back does not make it silent for that long.
    clock.now = NOON - timedelta(hours=1)
    watcher.note()
    assert seen(engine) == [(Role.WATCHER, clock.now)]


def test_one_that_ends_in_order_is_known_no_more(engine: Engine) -> None:
    """One that was killed is: it is seen to be silent."""
    server, watcher = Presence(engine, Role.SERVER), Presence(engine, Role.WATCHER)
    server.note()
    watcher.note()
    watcher.leave()
    assert seen(engine) == [(Role.SERVER, NOON)]
    with engine.store.reading() as tx:
        one = present(tx)[0]
    assert not one.is_silent(NOON + MISSED)
    assert one.is_silent(NOON + MISSED + SECOND)


def test_ticks_of_a_machine_are_one_and_never_silent(engine: Engine, clock: Clock) -> None:
    """Each is a process of its own, and when cron starts the next nobody knows."""
    for _ in range(3):
        Presence(engine, Role.TICK).note()
        clock.now += timedelta(hours=1)
    assert seen(engine) == [(Role.TICK, NOON + timedelta(hours=2))]
    with engine.store.reading() as tx:
        assert not present(tx)[0].is_silent(clock.now)


def test_what_is_long_gone_is_forgotten(engine: Engine, clock: Clock) -> None:
    """After a day, when another one says that it works."""
    Presence(engine, Role.WORKER).note()
    clock.now += timedelta(days=1)
    Presence(engine, Role.SERVER).note()
    assert [role for role, _ in seen(engine)] == [Role.SERVER]


def test_a_server_is_there_while_it_serves(engine: Engine) -> None:
    """From its beginning to its end."""
    with TestClient(create_app(engine)):
        wait_until(lambda: [role for role, _ in seen(engine)] == [Role.SERVER], "the server to say that it works")
    assert seen(engine) == []
