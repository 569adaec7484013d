"""Figures for metrics, on every store."""

from __future__ import annotations

from dataclasses import replace

from made import at, good_run, run
from tocsin.core.figures import Waiting
from tocsin.core.notify import Reason
from tocsin.core.outbox import Delivery, Notification, Status
from tocsin.core.run import Outcome
from tocsin.store.protocol import Store


def _notification(name: str, channel: str, minute: float) -> Notification:
    return Notification(
        id=name, channel=channel, reason=Reason.NEW, message=None, created_at=at(minute), due_at=at(minute)
    )


def _delivery(number: int) -> Delivery:
    return Delivery(notification_id="n", channel="ops", at=at(-number), took_ms=number, ok=True)


def test_what_waits_is_counted_by_channel(store: Store) -> None:
    """Of each channel it is told how many messages wait and since when, and nothing of what was sent."""
    with store.writing() as tx:
        first = _notification("a", "ops", 3)
        tx.add_notifications([first, _notification("b", "ops", 2), _notification("c", "pager", 1)])
        tx.add_notification(replace(first, id="d", created_at=at(0), status=Status.SENT))
    with store.reading() as tx:
        assert tx.waiting() == {"ops": Waiting(count=2, since=at(2)), "pager": Waiting(count=1, since=at(1))}


def test_deliveries_are_followed_by_their_numbers(store: Store) -> None:
    """Whoever remembers a number gets what was added after it, in that order and not by time."""
    with store.writing() as tx:
        assert tx.last_delivery() == 0
        tx.add_delivery(_delivery(1))
    with store.reading() as tx:
        last = tx.last_delivery()
    with store.writing() as tx:
        tx.add_delivery(_delivery(2))
        tx.add_delivery(_delivery(3))
    with store.reading() as tx:
        assert [one.took_ms for _, one in tx.deliveries_after(last, limit=9)] == [2, 3]
        (second, one), *_ = tx.deliveries_after(last, limit=1)
        assert one.took_ms == 2
        assert [one.took_ms for _, one in tx.deliveries_after(second, limit=9)] == [3]
        assert tx.last_delivery() > second


def test_runs_are_counted_by_how_they_ended(store: Store) -> None:
    """Runs that have begun since a moment are counted by outcome."""
    with store.writing() as tx:
        for one in (run("a", ended=1), run("b", ended=9), good_run("c", ended=9), good_run("d", ended=10)):
            tx.save_run(one)
    with store.reading() as tx:
        assert tx.count_outcomes(since=at(8)) == {Outcome.FAILED: 1, Outcome.SUCCEEDED: 2}
