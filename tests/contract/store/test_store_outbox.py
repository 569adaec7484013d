"""Decisions, their way to the channel and what came back, on every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from made import alert
from tocsin.core.message import Code, Fact, Facts, Message, Paragraph, Tone
from tocsin.core.notify import Reason, Told
from tocsin.core.outbox import ChannelState, Delivery, Notification, Receipt, Status
from tocsin.core.run import Link
from tocsin.core.severity import Severity
from tocsin.store.protocol import Store

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

MESSAGE = Message(
    title="orders failed",
    tone=Tone.ERROR,
    blocks=(Facts(items=(Fact(label="What", value="extract"),)), Paragraph(text="p", label="l"), Code(code="x = 1")),
    links=(Link(label="log", url="https://a/b"),),
    footer="prod",
    at=NOON,
    alert_id="a1",
    severity=Severity.ERROR,
    data={"rows": 3, "tables": ["orders"], "cause": None},
)


def make_notification(notification_id: str = "n1", **changes: Any) -> Notification:
    """Return a notification that waits."""
    notification = Notification(
        id=notification_id,
        channel="ops",
        reason=Reason.NEW,
        message=MESSAGE,
        created_at=NOON,
        due_at=NOON,
        alert_id="a1",
        seq=1,
    )
    return replace(notification, **changes)


FULL = make_notification(
    status=Status.DEAD,
    severity=Severity.CRITICAL,
    attempts=3,
    plain=True,
    lease_until=NOON + MINUTE,
    lease_owner="host/7/1",
    last_error="404 no such channel",
)


def add(store: Store, *notifications: Notification) -> list[bool]:
    """Add notifications in one transaction and return the answers."""
    with store.writing() as tx:
        return [tx.add_notification(notification) for notification in notifications]


def listed(store: Store, **wanted: Any) -> list[Notification]:
    """Return notifications."""
    with store.reading() as tx:
        return list(tx.notifications(**wanted))


@pytest.mark.parametrize(
    "notification",
    [FULL, make_notification(alert_id=None, message=None, status=Status.NOT_TOLD, reason=Reason.TOO_LOW)],
    ids=["full", "no message"],
)
def test_a_notification_comes_back_as_it_was(store: Store, notification: Notification) -> None:
    """Every field survives, the blocks and the data of the message included."""
    assert add(store, notification) == [True]
    assert listed(store) == [notification]


def test_a_decision_is_added_once(store: Store) -> None:
    """The same decision again is answered with False and changes nothing, whatever became of the first."""
    add(store, FULL)
    assert add(store, make_notification(seq=9)) == [False]
    assert add(store, make_notification(status=Status.NOT_TOLD)) == [False]
    assert listed(store) == [FULL]


def test_a_decision_against_telling_counts_its_repetitions(store: Store) -> None:
    """Being not told for the same reason again counts and takes the new time; telling under that id does not."""
    quiet = make_notification(status=Status.NOT_TOLD, reason=Reason.ALREADY_TOLD, message=None)
    later = replace(quiet, created_at=NOON + MINUTE, due_at=NOON + MINUTE, seq=2)
    assert add(store, quiet, later, later, make_notification()) == [True, False, False, False]
    assert listed(store) == [replace(later, times=3)]


def test_notifications_are_filtered_and_newest_first(store: Store) -> None:
    """Alert, channel, status and a limit can be combined."""
    add(
        store,
        make_notification("1"),
        make_notification("2", created_at=NOON + MINUTE, alert_id="a2"),
        make_notification("3", created_at=NOON + 2 * MINUTE, channel="pager"),
        make_notification("4", created_at=NOON + 3 * MINUTE, status=Status.SENT),
    )

    def ids(**wanted: Any) -> str:
        return "".join(one.id for one in listed(store, **wanted))

    assert ids() == "4321"
    assert ids(limit=1) == "4"
    assert ids(alert_id="a1") == "431"
    assert ids(channel="ops") == "421"
    assert ids(status=Status.WAITING) == "321"
    assert ids(status=Status.SENT) == "4"
    assert ids(alert_id="a1", channel="ops", status="waiting") == "1"


# What a channel heard of an alert, and what `told` says about it.
TOLD = [
    ([], None),
    ([make_notification("1")], Told(at=NOON, seq=1)),
    ([make_notification("1", status=Status.SENT)], Told(at=NOON, seq=1)),
    # What never arrived was not told, so the end of the problem would be no news.
    ([make_notification("1", status=Status.DEAD)], None),
    ([make_notification("1", status=Status.NOT_TOLD)], None),
    ([make_notification("1", channel="pager"), make_notification("2", alert_id="a2")], None),
    # The dead one is skipped, and the one before it counts.
    ([make_notification("1"), make_notification("2", seq=2, status=Status.DEAD)], Told(at=NOON, seq=1)),
    # The order is that of the alert's changes, whichever was written last.
    ([make_notification("1", seq=2), make_notification("2", created_at=NOON + MINUTE)], Told(at=NOON, seq=2)),
    # A repetition of the same state counts from its own time.
    ([make_notification("1"), make_notification("2", created_at=NOON + MINUTE)], Told(at=NOON + MINUTE, seq=1)),
]


@pytest.mark.parametrize(("notifications", "told"), TOLD)
def test_what_a_channel_was_told_last(store: Store, notifications: list[Notification], told: Told | None) -> None:
    """The last message that a channel got or will get about an alert is known, and no other counts."""
    add(store, *notifications)
    with store.reading() as tx:
        assert tx.told("a1", "ops") == told


def test_deliveries_are_kept_in_order(store: Store) -> None:
    """Every attempt is kept, oldest first, two at the same moment too."""
    first = Delivery(notification_id="n1", channel="ops", at=NOON, took_ms=12, ok=False, status=503, answer="busy")
    second = replace(first, status=None, answer="timed out")
    third = replace(first, at=NOON - MINUTE, ok=True, status=200)
    with store.writing() as tx:
        for delivery in (first, second, third, replace(first, notification_id="n2")):
            tx.add_delivery(delivery)
    with store.reading() as tx:
        assert tx.deliveries("n1") == [third, first, second]
        assert tx.deliveries("nobody") == []
        found = tx.deliveries_of(["n1", "n2", "nobody"])
    assert found == {"n1": [third, first, second], "n2": [replace(first, notification_id="n2")]}


def test_a_receipt_is_kept_per_alert_and_channel(store: Store) -> None:
    """What a channel needs for its update is replaced by the newest, and belongs to that channel alone."""
    receipt = Receipt(reference={"ts": "17.5", "channel": "C1"}, status=200, answer="ok")
    with store.writing() as tx:
        tx.save_receipt("a1", "ops", Receipt())
        tx.save_receipt("a1", "ops", receipt)
    with store.reading() as tx:
        assert tx.receipt("a1", "ops") == receipt
        assert tx.receipt("a1", "pager") is None
        assert tx.receipt("a2", "ops") is None


def test_a_channel_starts_fresh_and_is_remembered(store: Store) -> None:
    """A channel that nobody heard of has a fresh state; what is saved of it replaces what was known."""
    state = ChannelState(
        channel="ops",
        settings_hash="h",
        failures_in_a_row=2,
        not_before=NOON,
        disabled_at=NOON,
        disabled_because="404",
        last_ok_at=NOON,
    )
    with store.writing() as tx:
        assert tx.channel_state("ops") == ChannelState(channel="ops")
        tx.save_channel_state(ChannelState(channel="ops"))
        tx.save_channel_state(state)
    with store.reading() as tx:
        assert tx.channel_state("ops") == state
        assert tx.channel_state("pager") == ChannelState(channel="pager")


def test_the_last_words_about_many_alerts_come_at_once(store: Store) -> None:
    """Of each alert that is asked for so many of the newest notifications are returned, newest first."""
    with store.writing() as tx:
        for name in ("a", "b", "c"):
            tx.save_alert(alert(id=name, fingerprint=name))
            for number in range(3):
                at = NOON + timedelta(hours=number)
                tx.add_notification(make_notification(f"{name}{number}", alert_id=name, created_at=at))
    with store.reading() as tx:
        found = tx.notifications_of(["a", "c", "gone"], each=2)
    assert {alert_id: [one.id for one in of_it] for alert_id, of_it in found.items()} == {
        "a": ["a2", "a1"],
        "c": ["c2", "c1"],
    }


def test_the_last_deliveries_of_channels_come_newest_first(store: Store) -> None:
    """Of each channel that is asked for there are its own attempts, and not more than were asked for."""
    with store.writing() as tx:
        for number, name in enumerate(("ops", "pager", "ops", "ops", "mail")):
            tx.add_delivery(
                Delivery(notification_id=f"n{number}", channel=name, at=NOON + number * MINUTE, took_ms=number, ok=True)
            )
        # Of two at one moment the one that was added last is the newer one.
        tx.add_delivery(Delivery(notification_id="n9", channel="ops", at=NOON + 3 * MINUTE, took_ms=9, ok=False))
    with store.reading() as tx:
        found = tx.last_deliveries(["ops", "pager", "quiet"], each=3)
    assert {name: [one.took_ms for one in of_it] for name, of_it in found.items()} == {
        "ops": [9, 3, 2],
        "pager": [1],
        "quiet": [],
    }
