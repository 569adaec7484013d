"""How often a receiver is asked, whatever happens to those who send."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from desk import Desk, event
from made import run
from tocsin.channels.base import Outgoing
from tocsin.channels.file import File
from tocsin.core.outbox import Receipt
from tocsin.engine import deliver
from tocsin.store.memory import MemoryStore


def test_one_who_dies_while_sending_has_used_the_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another engine waits until the interval after the lease is over, although nothing came of the message."""
    monkeypatch.setattr(File, "min_interval", 60.0)

    def die(_self: File, _outgoing: Outgoing) -> Receipt:
        raise KeyboardInterrupt

    house = Desk(tmp_path, MemoryStore(), "ops")
    house.spool.put(event(run("run1", pipeline="orders")))
    with monkeypatch.context() as dying:
        dying.setattr(File, "send", die)
        with pytest.raises(KeyboardInterrupt):
            house.tick(minutes=1)
    house.report(run("run2", pipeline="users", ended=1.5))
    assert house.heard("ops") == []

    house.tick(minutes=1)
    assert len(house.heard("ops")) == 1


def test_what_was_leased_before_a_standstill_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may be sending by then, so the lease is given back, and the message is leased anew."""
    house = Desk(tmp_path, MemoryStore(), "ops")
    standstills = [timedelta(seconds=6)]
    lease = deliver._next

    def leased_late(*args: object, **kwargs: object) -> object:
        found = lease(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they are
        if found is not None and standstills:
            house.now += standstills.pop()
        return found

    monkeypatch.setattr(deliver, "_next", leased_late)
    house.report(run())

    assert (house.heard("ops"), [one.attempts for one in house.decided("ops")]) == (["orders failed"], [2])
    assert len(house.deliveries("ops")) == 1
