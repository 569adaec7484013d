"""Events that come in numbers: those that wait for the writer have their turn, and the order of the events stays."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from desk import Desk, channel, event
from made import at, good_run, run
from receiver import receiving
from stores import NewStore
from tocsin.core.codec import encode
from tocsin.core.event import Event, EventType
from tocsin.core.inbox import Received
from tocsin.core.run import Outcome, Run
from tocsin.engine import inbox, ingest, loop
from tocsin.engine.bell import Bell
from tocsin.engine.engine import Engine
from tocsin.engine.inbox import take_in
from tocsin.engine.lock import watcher_lock
from tocsin.engine.loop import Watcher
from tocsin.engine.opening import open_engine
from tocsin.store.protocol import Store
from typed_process import wait_until


def receive(store: Store, events: Sequence[Event]) -> None:
    """Put events into the inbox, as a server does."""
    with store.appending() as tx:
        tx.receive([Received(event_id=one.id, text=json.dumps(encode(one)), at=at(0)) for one in events])


def failed(number: int, *, ended: float = 1) -> Run:
    """Return a failed run of one of many pipelines."""
    return run(f"run {number} {ended}", pipeline=f"p{number:02}", ended=ended)


def waiting(store: Store) -> int:
    """Return how many events wait in the inbox."""
    with store.reading() as tx:
        return tx.backlog()[0]


def test_a_transaction_ends_when_its_time_is_over(
    tmp_path: Path, new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has not come to waits for the next one, in which others may go first; nothing is taken in twice."""
    monkeypatch.setattr(inbox, "_LONGEST", 0)
    desk = Desk(tmp_path, new_store(), "ops")
    receive(desk.store, [event(failed(number)) for number in range(25)])

    assert [take_in(desk.engine, most=1) for _ in range(3)] == [10, 10, 5]
    assert take_in(desk.engine) == 0
    with desk.store.reading() as tx:
        assert len(tx.alerts(open_only=True, limit=99)) == 25


def test_the_spool_is_emptied_over_several_transactions(
    tmp_path: Path, new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event leaves it after the one that took it in, and none is left out."""
    monkeypatch.setattr(ingest, "_LONGEST", 0)
    desk = Desk(tmp_path, new_store(), "ops")
    for number in range(24):
        desk.spool.put(event(failed(number)))
    assert desk.tick().events == 24
    assert not list(desk.spool.read())
    with desk.store.reading() as tx:
        assert len(tx.alerts(open_only=True, limit=99)) == 24


def test_what_comes_at_once_is_taken_in_in_its_order(tmp_path: Path, new_store: NewStore) -> None:
    """A pipeline that begins, fails and recovers within one transaction is well; one that fails last is not."""
    desk = Desk(tmp_path, new_store(), "ops")
    began = replace(failed(1), outcome=Outcome.RUNNING, ended_at=None, cause=None)
    desk.now = at(9)
    receive(
        desk.store,
        [
            Event(id="began", type=EventType.RUN_STARTED, at=at(0), run=began),
            event(failed(2)),
            event(failed(1)),
            event(good_run("good 1", pipeline="p01", ended=2)),
            event(good_run("good 3", pipeline="p03", ended=2)),
            event(failed(3, ended=3)),
            event(failed(2)),
        ],
    )
    desk.tick()

    with desk.store.reading() as tx:
        assert {alert.subject for alert in tx.alerts(open_only=True)} == {"p02", "p03"}
        found = tx.run(failed(1).id)
    assert found is not None
    assert found.outcome is Outcome.FAILED
    assert sorted(desk.heard("ops")) == ["p01 failed", "p01 recovered after 1 min", "p02 failed", "p03 failed"]


def test_a_watcher_sends_before_all_is_taken_in(
    tmp_path: Path, new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last event waits here until the first message has come."""
    monkeypatch.setattr(inbox, "_LONGEST", 0)
    monkeypatch.setenv("NO_PROXY", "localhost")
    store, bell = new_store(), Bell()
    with receiving() as receiver:
        desk = Desk(tmp_path, store, channel("ops", "webhook", url=receiver.url))
        receive(store, [event(failed(number)) for number in range(12)])
        sent: list[int] = []

        def take_in_when_sent(engine: Engine, *, most: int) -> int:
            if waiting(store) == 2:
                wait_until(lambda: receiver.requests, "the first message")
                sent.append(len(receiver.requests))
                bell.end()
            return take_in(engine, most=most)

        monkeypatch.setattr(loop, "take_in", take_in_when_sent)

        watcher = Watcher(
            open_engine=lambda: open_engine(desk.engine.config, store=store, clock=lambda: desk.now),
            lock=watcher_lock(tmp_path),
            signals=bell,
            say=lambda _: None,
            every=timedelta(seconds=1),
        )
        thread = threading.Thread(target=watcher.run)
        thread.start()
        thread.join(60)
    assert sent
    assert sent[0] > 0
