"""Who may send what, and when: leases, order and channels that rest, on every store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.core.notify import Reason
from tocsin.core.outbox import ChannelState, Notification, Status
from tocsin.store.protocol import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)


def make_notification(notification_id: str, **changes: Any) -> Notification:
    """Return a notification of its own alert that is due at noon."""
    notification = Notification(
        id=notification_id,
        channel="ops",
        reason=Reason.NEW,
        message=None,
        created_at=NOON,
        due_at=NOON,
        alert_id=f"alert of {notification_id}",
        seq=1,
    )
    return replace(notification, **changes)


def add(store: Store, *notifications: Notification) -> None:
    """Add notifications in one transaction."""
    with store.writing() as tx:
        for notification in notifications:
            assert tx.add_notification(notification)


def claim(store: Store, *, owner: str = "w", now: datetime = NOON, **wanted: Any) -> Sequence[Notification]:
    """Claim for a minute."""
    with store.writing() as tx:
        return tx.claim(owner=owner, now=now, lease=MINUTE, **{"limit": 99, **wanted})


def claimed_ids(store: Store, **wanted: Any) -> str:
    """Claim and return the ids in one text."""
    return "".join(one.id for one in claim(store, **wanted))


def next_due(store: Store) -> datetime | None:
    """Return when something is due."""
    with store.reading() as tx:
        return tx.next_due()


def save(store: Store, notification: Notification, *, owner: str = "w", **changes: Any) -> bool:
    """Save what became of a notification, its lease ended."""
    with store.writing() as tx:
        return tx.save_notification(replace(notification, lease_until=None, lease_owner=None, **changes), owner=owner)


def test_a_claim_counts_the_attempt_and_takes_the_lease(store: Store) -> None:
    """The claimed notification names its owner and its end, and so does the stored one."""
    add(store, make_notification("1", attempts=1))
    (claimed,) = claim(store)
    assert claimed == make_notification("1", attempts=2, lease_until=NOON + MINUTE, lease_owner="w")
    with store.reading() as tx:
        assert tx.notifications() == [claimed]


def test_what_is_due_longest_is_claimed_first(store: Store) -> None:
    """Claims follow due time, then creation, up to the limit; the rest stays for the next claim."""
    add(
        store,
        make_notification("1", due_at=NOON - MINUTE),
        make_notification("2", due_at=NOON - 2 * MINUTE),
        make_notification("3", due_at=NOON - MINUTE, created_at=NOON - MINUTE),
    )
    assert claimed_ids(store, limit=2) == "23"
    assert claimed_ids(store) == "1"


def test_nothing_is_claimed_before_it_is_due(store: Store) -> None:
    """A microsecond early is too early."""
    add(store, make_notification("1"))
    assert claimed_ids(store, now=NOON - TICK) == ""
    assert claimed_ids(store, now=NOON) == "1"


@pytest.mark.parametrize("status", [Status.SENT, Status.DEAD, Status.NOT_TOLD])
def test_only_what_waits_is_claimed(store: Store, status: Status) -> None:
    """What was sent, given up or never meant to be sent is left alone."""
    add(store, make_notification("1", status=status))
    assert claimed_ids(store) == ""
    assert next_due(store) is None


def test_a_claim_can_be_for_one_channel(store: Store) -> None:
    """The worker of one channel gets nothing of another."""
    add(store, make_notification("1"), make_notification("2", channel="pager"))
    assert claimed_ids(store, channel="pager") == "2"


def test_a_lease_keeps_others_away_until_it_ends(store: Store) -> None:
    """Nobody gets a leased notification, the owner included; at the end of the lease anybody does."""
    add(store, make_notification("1"))
    assert claimed_ids(store) == "1"
    assert claimed_ids(store) == claimed_ids(store, owner="x", now=NOON + MINUTE - TICK) == ""
    assert next_due(store) == NOON + MINUTE
    (again,) = claim(store, owner="x", now=NOON + MINUTE)
    assert (again.attempts, again.lease_owner, again.lease_until) == (2, "x", NOON + 2 * MINUTE)


def test_a_worker_that_was_frozen_does_not_overwrite(store: Store) -> None:
    """A save after somebody else has claimed is refused, before and after that one saved what came of it."""
    add(store, make_notification("1"))
    (slow,) = claim(store)
    (fast,) = claim(store, owner="x", now=NOON + MINUTE)
    assert not save(store, slow, status=Status.DEAD)
    assert save(store, fast, owner="x", status=Status.SENT)
    assert not save(store, slow, status=Status.DEAD)
    with store.reading() as tx:
        assert [(one.status, one.attempts) for one in tx.notifications()] == [(Status.SENT, 2)]


def test_a_claim_is_told_from_the_next_one_of_the_same_owner(store: Store) -> None:
    """A thread that was frozen does not overwrite what another thread of the same worker found out."""
    add(store, make_notification("1"))
    (slow,) = claim(store)
    (fast,) = claim(store, now=NOON + MINUTE)
    assert not save(store, slow, status=Status.DEAD)
    assert save(store, fast, status=Status.SENT)


def test_a_claim_has_one_result(store: Store) -> None:
    """Once its result is saved a claim is over, whether or not the result still names the owner."""
    add(store, make_notification("1"))
    (claimed,) = claim(store)
    with store.writing() as tx:
        assert tx.save_notification(replace(claimed, lease_until=None, status=Status.SENT), owner="w")
        assert not tx.save_notification(replace(claimed, lease_until=None, status=Status.DEAD), owner="w")


def test_a_lease_can_be_made_longer(store: Store) -> None:
    """A worker that needs more time saves a later end, and keeps its claim."""
    add(store, make_notification("1"))
    (claimed,) = claim(store)
    with store.writing() as tx:
        assert tx.save_notification(replace(claimed, lease_until=NOON + 9 * MINUTE), owner="w")
    assert claimed_ids(store, now=NOON + 8 * MINUTE) == ""
    assert save(store, claimed, status=Status.SENT)


def test_the_leases_of_a_worker_that_is_gone_can_be_ended(store: Store) -> None:
    """What it was sending is due for others at once, and a result that it brings later does not count."""
    add(store, make_notification("1"), make_notification("2"))
    (lost,), (other,) = claim(store, owner="gone", limit=1), claim(store, owner="other")
    with store.writing() as tx:
        tx.release("gone")
        assert tx.next_due() == NOON
    assert not save(store, lost, owner="gone", status=Status.SENT)
    assert [one.id for one in claim(store, owner="heir")] == [lost.id]
    assert save(store, other, owner="other", status=Status.SENT)


def test_a_late_result_counts_while_nobody_else_has_claimed(store: Store) -> None:
    """What a slow worker sent is not sent again only because its lease ran out."""
    add(store, make_notification("1"))
    (claimed,) = claim(store)
    assert save(store, claimed, status=Status.SENT)
    assert claimed_ids(store, now=NOON + 9 * MINUTE) == ""


def test_a_notification_is_saved_by_its_owner_only(store: Store) -> None:
    """Without a claim, and for a notification that does not exist, nothing is saved."""
    waiting = make_notification("1")
    add(store, waiting)
    assert not save(store, waiting, status=Status.SENT)
    assert not save(store, make_notification("2"))
    with store.reading() as tx:
        assert tx.notifications() == [waiting]


def test_a_retry_waits_for_its_new_time(store: Store) -> None:
    """A failed attempt goes back with a later time and without a lease, and all of it is kept."""
    add(store, make_notification("1"))
    (claimed,) = claim(store)
    assert save(store, claimed, due_at=NOON + 5 * MINUTE, plain=True, last_error="503")
    assert next_due(store) == NOON + 5 * MINUTE
    assert claimed_ids(store, now=NOON + 4 * MINUTE) == ""
    (again,) = claim(store, now=NOON + 5 * MINUTE)
    assert (again.attempts, again.plain, again.last_error) == (2, True, "503")


# The notification about a change of an alert, and what of it is claimed beside the one with id 2 and seq 2.
BEFORE = [
    # A resolve waits for its trigger: due later, leased or not.
    (make_notification("1", due_at=NOON + MINUTE), ""),
    (make_notification("1"), "1"),
    (make_notification("1", lease_until=NOON + MINUTE, lease_owner="x"), ""),
    # The same change twice goes out in the order in which it was decided, then by id.
    (make_notification("1", seq=2, created_at=NOON - TICK, due_at=NOON + MINUTE), ""),
    (make_notification("1", seq=2, due_at=NOON + MINUTE), ""),
    (make_notification("3", seq=2, due_at=NOON + MINUTE), "2"),
    # A predecessor that was sent, given up or decided against holds up nothing.
    (make_notification("1", status=Status.SENT), "2"),
    (make_notification("1", status=Status.DEAD), "2"),
    (make_notification("1", status=Status.NOT_TOLD), "2"),
    # Another channel, another alert and plain messages do not wait for each other.
    (make_notification("1", channel="pager", due_at=NOON + MINUTE), "2"),
    (make_notification("1", alert_id="other", due_at=NOON + MINUTE), "2"),
    (make_notification("1", alert_id=None, due_at=NOON + MINUTE), "2"),
]


@pytest.mark.parametrize(("before", "claimed"), BEFORE)
def test_messages_about_one_alert_reach_a_channel_in_order(store: Store, before: Notification, claimed: str) -> None:
    """What comes later about an alert waits on its channel until what came earlier has left the queue."""
    if before.alert_id == f"alert of {before.id}":
        before = replace(before, alert_id="a")
    add(store, make_notification("2", alert_id="a", seq=2), before)
    assert claimed_ids(store) == claimed


def test_plain_messages_do_not_wait_for_each_other(store: Store) -> None:
    """Messages without an alert have no order."""
    add(store, make_notification("1", alert_id=None), make_notification("2", alert_id=None, seq=2))
    assert claimed_ids(store) == "12"


def test_the_next_in_line_follows_the_one_that_died(store: Store) -> None:
    """Giving up on a message lets the following one out."""
    add(store, make_notification("1", alert_id="a"), make_notification("2", alert_id="a", seq=2))
    (first,) = claim(store)
    assert save(store, first, status=Status.DEAD)
    assert next_due(store) == NOON
    assert claimed_ids(store) == "2"


# What is known of the channel, what is claimed from it at noon, and when it is next worth looking.
CHANNELS = [
    (ChannelState(channel="ops"), "1", NOON),
    (ChannelState(channel="ops", not_before=NOON), "1", NOON),
    (ChannelState(channel="ops", not_before=NOON + TICK), "", NOON + TICK),
    (ChannelState(channel="ops", disabled_at=NOON - MINUTE), "", None),
    # Another channel's rest is none of ours.
    (ChannelState(channel="pager", disabled_at=NOON), "1", NOON),
]


@pytest.mark.parametrize(("state", "claimed", "due"), CHANNELS)
def test_a_channel_that_rests_is_left_alone(
    store: Store, state: ChannelState, claimed: str, due: datetime | None
) -> None:
    """Nothing is claimed for a channel that is disabled or paused, and nobody wakes up for it."""
    add(store, make_notification("1"))
    with store.writing() as tx:
        tx.save_channel_state(state)
    assert next_due(store) == due
    assert claimed_ids(store) == claimed


def test_the_next_moment_is_the_earliest_of_all_channels(store: Store) -> None:
    """A paused channel delays its own messages only; of due time, lease and pause the last one counts."""
    assert next_due(store) is None
    add(store, make_notification("1"), make_notification("2", channel="pager", due_at=NOON + 3 * MINUTE))
    with store.writing() as tx:
        tx.save_channel_state(ChannelState(channel="ops", not_before=NOON + 5 * MINUTE))
    assert next_due(store) == NOON + 3 * MINUTE
    claim(store, now=NOON + 5 * MINUTE, channel="ops")
    claim(store, now=NOON + 5 * MINUTE, owner="x", channel="pager")
    assert next_due(store) == NOON + 6 * MINUTE


def test_what_waits_in_line_wakes_nobody(store: Store) -> None:
    """A notification behind one that is tried again later is not due before that one."""
    add(
        store,
        make_notification("1", alert_id="a", due_at=NOON + 9 * MINUTE),
        make_notification("2", alert_id="a", seq=2),
    )
    assert next_due(store) == NOON + 9 * MINUTE
