"""All or nothing, one writer at a time, and views that hold still, on every store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.core.alert import Alert, State
from tocsin.core.finding import Kind, Topic
from tocsin.core.notify import Reason
from tocsin.core.outbox import ChannelState, Delivery, Notification, Receipt
from tocsin.core.run import Outcome, Run
from tocsin.core.severity import Severity
from tocsin.errors import StoreError, StoreLocked
from tocsin.store.protocol import Store, Transaction

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = Run(id="r1", pipeline="orders", environment="prod", started_at=NOON)
ALERT = Alert(
    id="a1",
    fingerprint="f",
    topic=Topic.DELIVERY,
    subject="orders",
    environment="prod",
    kind=Kind.FAILED,
    severity=Severity.ERROR,
    state=State.FIRING,
    since=NOON,
    last_at=NOON,
    occurrences=1,
    summary="extract failed",
)
NOTIFICATION = Notification(
    id="n1", channel="ops", reason=Reason.NEW, message=None, created_at=NOON, due_at=NOON, alert_id="a1"
)
DELIVERY = Delivery(notification_id="n1", channel="ops", at=NOON, took_ms=1, ok=True)

#: Every way to change something.
WRITES: list[Callable[[Transaction], object]] = [
    lambda tx: tx.remember_events(["e1"], NOON),
    lambda tx: tx.save_run(RUN),
    lambda tx: tx.save_alert(ALERT),
    lambda tx: tx.add_notification(NOTIFICATION),
    lambda tx: tx.claim(owner="w", now=NOON, lease=timedelta(minutes=1), limit=1),
    lambda tx: tx.save_notification(replace(NOTIFICATION, attempts=1), owner="w"),
    lambda tx: tx.add_delivery(DELIVERY),
    lambda tx: tx.save_receipt("a1", "ops", Receipt(status=200)),
    lambda tx: tx.save_channel_state(ChannelState(channel="ops", failures_in_a_row=1)),
]


def everything(store: Store) -> tuple[object, ...]:
    """Return all that a store holds, events left out."""
    with store.reading() as tx:
        return (
            tx.runs(),
            tx.alerts(),
            tx.notifications(),
            tx.deliveries("n1"),
            tx.receipt("a1", "ops"),
            tx.channel_state("ops"),
        )


def break_off(store: Store, writes: Iterable[Callable[[Transaction], object]]) -> None:
    """Write, and fail before the end of the transaction."""
    with store.writing() as tx:
        for write in writes:
            write(tx)
        _ = 1 / 0


def test_nothing_stays_of_a_transaction_that_fails(store: Store) -> None:
    """An exception in the block passes through, and all that was written in it is gone, the event too."""
    before = everything(store)
    with pytest.raises(ZeroDivisionError):
        break_off(store, WRITES)
    assert everything(store) == before
    with store.writing() as tx:
        assert tx.remember_events(["e1"], NOON)


def test_a_failed_transaction_leaves_what_was_before(store: Store) -> None:
    """Replaced rows come back as they were."""
    with store.writing() as tx:
        for write in WRITES:
            write(tx)
    before = everything(store)
    changes: list[Callable[[Transaction], object]] = [
        lambda tx: tx.save_run(replace(RUN, outcome=Outcome.DIED)),
        lambda tx: tx.save_alert(replace(ALERT, state=State.RESOLVED)),
        lambda tx: tx.add_delivery(DELIVERY),
    ]
    with pytest.raises(ZeroDivisionError):
        break_off(store, changes)
    assert everything(store) == before


def test_a_transaction_sees_its_own_writes(store: Store) -> None:
    """What was written can be read at once in the same transaction, and from outside only after its end."""
    with store.writing() as tx:
        tx.save_run(RUN)
        assert tx.run("r1") == RUN
        with store.reading() as view:
            assert view.run("r1") is None
    with store.reading() as view:
        assert view.run("r1") == RUN


def test_a_view_holds_still(store: Store) -> None:
    """What others commit does not show in a view that has been read from."""
    with store.reading() as view:
        assert view.runs() == []
        with store.writing() as tx:
            tx.save_run(RUN)
        assert view.runs() == []
        assert view.run("r1") is None


@pytest.mark.parametrize("write", WRITES)
def test_a_view_refuses_every_change(store: Store, write: Callable[[Transaction], object]) -> None:
    """A change through reading() is an error that names writing(), and changes nothing."""
    with store.writing() as tx:
        tx.add_notification(replace(NOTIFICATION, id="n0"))
        tx.save_run(replace(RUN, id="r0"))
    before = everything(store)
    with pytest.raises(StoreError, match=r"nothing was written: .* open it with writing\(\)"), store.reading() as view:
        write(view)
    assert everything(store) == before


def test_writers_wait_for_each_other(store: Store) -> None:
    """Four threads that read, add one and write a hundred times in all count to a hundred."""

    def count(_: int) -> None:
        with store.writing() as tx:
            state = tx.channel_state("ops")
            tx.save_channel_state(replace(state, failures_in_a_row=state.failures_in_a_row + 1))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(count, range(100)))
    with store.reading() as tx:
        assert tx.channel_state("ops").failures_in_a_row == 100


def test_a_writer_that_waits_too_long_is_told(impatient_store: Store) -> None:
    """A second writer gets StoreLocked, with the name of the store, when its patience ends; the first goes on."""
    store = impatient_store
    with store.writing() as tx:
        with pytest.raises(StoreLocked, match=f"the store {store.url} was locked"), store.writing():
            pass
        tx.save_run(RUN)
    with store.writing() as tx:
        assert tx.run("r1") == RUN


def test_a_closed_store_keeps_what_it_has(store: Store) -> None:
    """Closing loses nothing, and can be done twice."""
    with store.writing() as tx:
        tx.save_run(RUN)
    store.close()
    store.close()
    with store.reading() as tx:
        assert tx.run("r1") == RUN
