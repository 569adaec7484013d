"""Groups of problems, on every store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from made import alert, at
from tocsin.core.alert import State
from tocsin.core.group import Group
from tocsin.core.notify import Reason
from tocsin.core.outbox import Notification, Status
from tocsin.errors import StoreError
from tocsin.store.protocol import Store

GROUP = Group(id="g1", channel="ops", route="route 1", labels={"owner": "data"}, opened_at=at(0), due_at=at(1))


def _row(
    alert_id: str | None, *, channel: str = "ops", minute: float = 0, seq: int = 1, **changes: object
) -> Notification:
    row = Notification(
        id=f"{alert_id}{channel}{minute}{seq}",
        channel=channel,
        reason=Reason.NEW,
        message=None,
        created_at=at(minute),
        due_at=at(minute),
        status=Status.GROUPED,
        alert_id=alert_id,
        seq=seq,
    )
    return replace(row, **changes)  # type: ignore[arg-type]  # the fields of a notification


def test_a_group_is_found_by_id_by_key_and_when_it_is_due(store: Store) -> None:
    """Of one key one group is open; one that is over is found by its id only."""
    over = replace(GROUP, id="g0", open=False, due_at=None)
    other = replace(GROUP, id="h2", channel="mail", due_at=at(0))
    with store.writing() as tx:
        for group in (over, GROUP, other):
            tx.save_group(group)

    with store.reading() as tx:
        assert tx.open_group(GROUP.key) == GROUP
        assert tx.open_group("nothing") is None
        assert (tx.group("g0"), tx.group("g")) == (over, None)
        assert [group.id for group in tx.find_groups("g")] == ["g1", "g0"]
        assert [group.id for group in tx.due_groups(at(1))] == ["h2", "g1"]
        assert [group.id for group in tx.due_groups(at(0.5))] == ["h2"]
        assert tx.next_due() == at(0)


def test_two_open_groups_of_one_key_are_refused(store: Store) -> None:
    """Two engines that open the same group at once do not tell it twice."""
    with store.writing() as tx:
        tx.save_group(GROUP)
    with pytest.raises(StoreError, match="open"), store.writing() as tx:
        tx.save_group(replace(GROUP, id="g2"))


def test_members_are_the_problems_that_were_held_for_the_group(store: Store) -> None:
    """Each once, in its present state, and as news where the group's next message is the first to tell of it."""
    with store.writing() as tx:
        tx.save_group(replace(GROUP, seq=1))
        tx.save_alerts([alert(id=name, fingerprint=name) for name in ("old", "changed", "alone")])
        tx.save_alert(alert(id="over", fingerprint="over", state=State.RESOLVED))
        tx.add_notifications(
            [
                _row("old", group_id="g1", group_seq=1),
                _row("over", group_id="g1", group_seq=1),
                _row("changed", group_id="g1", group_seq=1),
                _row("changed", seq=2, group_id="g1", group_seq=2),
                _row("alone"),
            ]
        )

    with store.reading() as tx:
        at_hand = {("old", False), ("changed", True)}
        assert {(member.alert.id, member.news) for member in tx.members("g1", over=False)} == at_hand
        assert {(member.alert.id, member.news) for member in tx.members("g1")} == {*at_hand, ("over", False)}
        assert tx.members("nobody") == []
        told = tx.told("changed", "ops")
        assert told is not None
        assert told.group_id == "g1"


def test_what_a_channel_was_told_lately_is_counted_up_to_a_limit(store: Store) -> None:
    """Problems count, told or about to be; plain messages, decisions against telling and other channels do not."""
    with store.writing() as tx:
        tx.add_notifications(
            [
                *(_row(f"a{number}", minute=number) for number in range(4)),
                _row("mail", channel="mail", minute=3),
                _row("quiet", minute=3, status=Status.NOT_TOLD),
                _row(None, minute=3),
            ]
        )

    with store.reading() as tx:
        assert tx.count_told("ops", since=at(0), most=9) == 3
        assert tx.count_told("ops", since=at(0), most=2) == 2
        assert tx.count_told("pager", since=at(0), most=9) == 0
