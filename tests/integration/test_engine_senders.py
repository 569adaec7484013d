"""Several senders on one outbox: slow ones, frozen ones, broken ones, and those with little time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from desk import Desk, channel, event
from made import at, good_run, run
from receiver import Receiver, answer, drip, receiving, silence
from stores import NewStore
from tocsin.channels.base import Outgoing
from tocsin.channels.registry import CHANNELS
from tocsin.channels.webhook import Webhook
from tocsin.config.model import ChannelConfig
from tocsin.core.finding import Topic
from tocsin.core.outbox import Receipt, Status
from tocsin.core.policy import Policy
from tocsin.engine.clock import system_clock
from tocsin.engine.deliver import LEASE, deliver
from tocsin.engine.ingest import drain
from tocsin.engine.tick import tick
from tocsin.errors import DeliveryError, StoreError
from tocsin.store.memory import MemoryStore
from tocsin.store.open import open_store
from tocsin.store.protocol import Store


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the proxies of the machine out."""
    monkeypatch.setenv("NO_PROXY", "localhost")


def hook(name: str, receiver: Receiver) -> ChannelConfig:
    """Return the configuration of a webhook."""
    return channel(name, "webhook", url=receiver.url)


def titles(receiver: Receiver) -> list[str]:
    """Return the titles that arrived, in their order."""
    return [request.json["title"] for request in receiver.requests]


def test_a_slow_channel_does_not_hold_up_another(tmp_path: Path, new_store: NewStore) -> None:
    """While one receiver lets us wait, another one has its message already."""
    with receiving() as slow, receiving() as quick:
        slow.answers(silence)
        desk = Desk(tmp_path, new_store(), hook("a-slow", slow), hook("b-quick", quick))
        sender = threading.Thread(target=desk.report, args=(run(),))
        sender.start()
        wait_until(lambda: bool(quick.requests))
        assert sender.is_alive()
        assert titles(quick) == ["orders failed"]
    sender.join()


class Faulty(Webhook):
    """A channel with a programming error."""

    type = "faulty"

    def send(self, outgoing: Outgoing) -> Receipt:  # noqa: ARG002  # a fault needs none
        """Fail as nobody foresaw."""
        raise KeyError("https://hooks.example.com/s3cr3t")


def test_a_fault_in_one_channel_is_told_by_another(
    tmp_path: Path, new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain exception stops nothing, is told without its text, which may hold an address, and goes elsewhere."""
    monkeypatch.setitem(CHANNELS, "faulty", Faulty)
    desk = Desk(tmp_path, new_store(), channel("bad", "faulty", url="https://hooks.example.com/s3cr3t"), "spare")
    desk.report(run())

    assert sorted(desk.heard("spare")) == ["channel bad cannot deliver", "orders failed"]
    assert [each.answer for each in desk.deliveries("bad")] == ["the channel itself failed with KeyError"] * 2
    assert "s3cr3t" not in str(desk.messages("spare"))


def test_two_engines_on_one_store_keep_the_order_of_each_alert(
    tmp_path: Path, new_store_url: Callable[[], str]
) -> None:
    """However the work is divided, a channel hears of a problem before its end, and of each once."""
    with receiving() as receiver:
        receiver.answers(answer(503), answer(200), answer(503), answer(200))
        names = [f"pipeline{number}" for number in range(6)]
        url = new_store_url()
        stores = [open_store(url, patience=60) for _ in range(2)]
        desks = [Desk(tmp_path, each, hook("hook", receiver), policy=Policy(group_above=100)) for each in stores]
        for name in names:
            desks[0].engine.spool.put(event(run(f"{name}-1", pipeline=name, ended=1)))
            desks[0].engine.spool.put(event(good_run(f"{name}-2", pipeline=name, ended=2)))
        for minute in range(1, 30):
            for desk in desks:
                desk.now = at(minute)
            threads = [threading.Thread(target=desk.tick) for desk in desks]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        waiting = [one for one in desks[0].decided() if one.status is not Status.SENT]
        for desk in desks:
            desk.store.close()

    assert waiting == []
    heard = titles(receiver)
    for name in names:
        told = [title for title in heard if title.startswith(f"{name} ")]
        assert [title for number, title in enumerate(told) if title not in told[:number]] == [
            f"{name} failed",
            f"{name} recovered after 1 min",
        ]
        assert told[-1] == f"{name} recovered after 1 min"
    assert len(heard) - 2 * len(names) <= 2


def test_a_frozen_sender_does_not_undo_what_another_did(tmp_path: Path, new_store: NewStore) -> None:
    """Its lease has run out, another engine has delivered: the late refusal changes nothing and alarms nobody."""
    with receiving() as receiver:
        store: Store = new_store()
        slow = Desk(tmp_path, store, hook("hook", receiver))
        other = Desk(tmp_path, store, hook("hook", receiver))

        class Frozen(Webhook):
            """Sends nothing until another engine has done the work, and is refused then."""

            def send(self, outgoing: Outgoing) -> Receipt:
                other.now = slow.now + LEASE + timedelta(seconds=1)
                other.tick()
                raise DeliveryError(f"gone, and {outgoing.key} with it", permanent=True, status=410)

        frozen = replace(slow.engine.channels["hook"], channel=Frozen({"url": receiver.url, "format": "tocsin"}))
        slow.engine = replace(slow.engine, channels={**slow.engine.channels, "hook": frozen})
        slow.report(run())

        assert titles(receiver) == ["orders failed"]
        assert [one.status for one in slow.decided("hook")] == [Status.SENT]
        with store.reading() as tx:
            assert [alert.topic for alert in tx.alerts()] == [Topic.DELIVERY]
            assert tx.channel_state("hook").disabled_at is None
        assert [each.ok for each in slow.deliveries("hook")] == [False, True]


def test_who_has_little_time_takes_no_more(tmp_path: Path, new_store: NewStore) -> None:
    """A receiver that drips is left when the time is over; the message stays, and is sent again by others."""
    with receiving() as receiver:
        receiver.answers(drip(b"HTTP/1.1 2", b"0"), answer(200))
        desk = Desk(tmp_path, new_store(), hook("hook", receiver))
        desk.engine = replace(desk.engine, clock=system_clock)
        desk.spool.put(event(run()))
        desk.engine.spool.put(event(run("r2", pipeline="stock")))
        began = time.monotonic()
        drain(desk.engine)
        assert deliver(desk.engine, deadline=system_clock() + timedelta(seconds=0.5)) == 0
        assert time.monotonic() - began < 10
        assert {one.status for one in desk.decided()} == {Status.WAITING}

        assert deliver(desk.engine, patience=timedelta(seconds=60)) == 2


def test_patience_waits_for_what_becomes_due(tmp_path: Path, new_store: NewStore) -> None:
    """Who has time tries again as soon as the pause is over, and goes when nothing is left to send."""
    with receiving() as receiver:
        receiver.answers(answer(503), answer(200))
        desk = Desk(tmp_path, new_store(), hook("hook", receiver))
        desk.engine = replace(desk.engine, clock=system_clock)
        desk.spool.put(event(run()))
        desk.engine.spool.put(event(run("r2", pipeline="stock")))
        assert tick(desk.engine, patience=timedelta(minutes=5)).sent == 2


class Broken(MemoryStore):
    """A store that cannot be written any more once it is told so."""

    broken = False

    def writing(self) -> Any:
        """Open a transaction, or fail."""
        if self.broken:
            raise StoreError("the disk is full")
        return super().writing()


def test_a_store_that_fails_is_told_to_the_caller_from_every_thread(tmp_path: Path) -> None:
    """With several channels at work the error arrives where it can be handled, and nothing is printed."""
    store = Broken()
    desk = Desk(tmp_path, store, channel("a", path="/dev/null"), channel("b", path="/dev/null"))
    desk.spool.put(event(run()))
    drain(desk.engine)
    store.broken = True
    with pytest.raises(StoreError, match="the disk is full"):
        deliver(desk.engine)


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for a condition, at most for as long as a busy machine needs."""
    until = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)
