"""What is old goes and what is still needed stays, on every store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from made import NOON, alert, run
from tocsin.core.alert import Alert, State
from tocsin.core.group import Group
from tocsin.core.inbox import Received
from tocsin.core.notify import Reason
from tocsin.core.outbox import Delivery, Notification, Receipt, Status
from tocsin.core.retention import Kept, Pruned
from tocsin.core.run import Outcome
from tocsin.core.schedule import Schedule
from tocsin.core.silence import Silence
from tocsin.core.slot import Slot, SlotState
from tocsin.store.protocol import Store, Transaction

DAY = timedelta(days=1)
OLD = NOON - 100 * DAY
YOUNG = NOON - DAY
LIMIT = NOON - 50 * DAY


def prune(store: Store, kept: Kept, *, limit: int = 100) -> int:
    """Delete all that is older than the limit, in batches; the count is what was foretold."""
    with store.reading() as tx:
        foretold = tx.count_old(kept, before=LIMIT)
    count, since = 0, None
    while True:
        with store.writing() as tx:
            done = tx.prune(kept, before=LIMIT, since=since, limit=limit)
        count, since = count + done.count, done.reached
        if since is None:
            assert count == foretold
            return count


def closed(alert_id: str, at: datetime = OLD) -> Alert:
    """Return an alert that is over."""
    return alert(id=alert_id, fingerprint=alert_id, state=State.RESOLVED, last_at=at, run_id=None)


def told(notification_id: str, at: datetime = OLD, **changes: object) -> Notification:
    """Return a notification that was sent."""
    given = {"status": Status.SENT, "alert_id": None, "channel": "ops", **changes}
    return Notification(
        id=notification_id,
        reason=Reason.NEW,
        message=None,
        created_at=at,
        due_at=at,
        **given,  # type: ignore[arg-type]  # the fields of a notification
    )


def group(group_id: str, at: datetime = OLD, *, open_: bool = False) -> Group:
    """Return a group."""
    return Group(id=group_id, channel="ops", route=group_id, opened_at=at, open=open_)


def slot(slot_id: str, at: datetime = OLD, state: SlotState = SlotState.DONE) -> Slot:
    """Return a slot."""
    schedule = Schedule(text="0 6 * * *", source="here")
    return Slot(
        id=slot_id,
        pipeline="orders",
        environment="prod",
        schedule=schedule,
        opens_at=at,
        due_at=at,
        start_by=at,
        state=state,
    )


def silence(silence_id: str, at: datetime = OLD, *, closed_at: datetime | None = NOON) -> Silence:
    """Return a silence that ends at a moment."""
    return Silence(
        id=silence_id,
        matchers=(),
        starts_at=at - DAY,
        ends_at=at,
        reason="moved",
        author="ann",
        created_at=at - DAY,
        closed_at=closed_at,
    )


def fill_events(tx: Transaction) -> None:
    """Remember an old event and a young one."""
    tx.remember_events(["old"], OLD)
    tx.remember_events(["young"], YOUNG)


def fill_refused(tx: Transaction) -> None:
    """Receive events of which two cannot be used."""
    tx.receive([Received(event_id=name, text="{}", at=OLD) for name in ("waits", "old")])
    tx.receive([Received(event_id="young", text="{}", at=YOUNG)])
    for one in tx.received(9):
        if one.event_id != "waits":
            tx.refuse_received(one.number, "no event")


def fill_notifications(tx: Transaction) -> None:
    """Save notifications about what is open, waits, or is over."""
    for one in (alert(id="open", fingerprint="open"), closed("closed"), closed("flapping")):
        tx.save_alert(one)
    tx.plan_alerts({"flapping": NOON})
    tx.save_group(group("open group", open_=True))
    tx.save_group(group("closed group"))
    for name in ("open", "closed", "flapping", "open group", "closed group"):
        tx.add_notification(told(f"about {name}", alert_id=name))
    tx.add_notification(told("waits", status=Status.WAITING, alert_id="closed"))
    tx.add_notification(told("in open group", status=Status.GROUPED, alert_id="closed", group_id="open group"))
    tx.add_notification(told("in closed group", status=Status.GROUPED, alert_id="closed", group_id="closed group"))
    tx.add_notification(told("young", YOUNG))
    tx.add_notification(told("plain"))
    for name in ("plain", "about open"):
        tx.add_delivery(Delivery(notification_id=name, channel="ops", at=OLD, took_ms=1, ok=True))


def fill_groups(tx: Transaction) -> None:
    """Save groups of which some are named by a notification."""
    for one in (group("old"), group("young", YOUNG), group("open", open_=True), group("told"), group("tells")):
        tx.save_group(one)
    tx.add_notification(told("n1", status=Status.GROUPED, alert_id="a", group_id="told"))
    tx.add_notification(told("n2", alert_id="tells"))
    tx.save_receipt("old", "ops", Receipt(reference={"ts": "1"}))
    tx.save_receipt("open", "ops", Receipt(reference={"ts": "2"}))


def fill_alerts(tx: Transaction) -> None:
    """Save alerts of which some are open, waited for, or named by a notification."""
    for one in (closed("old"), closed("young", YOUNG), closed("told"), closed("flapping")):
        tx.save_alert(one)
    tx.save_alert(alert(id="open", fingerprint="open", last_at=OLD))
    tx.plan_alerts({"flapping": NOON})
    tx.add_notification(told("n1", alert_id="told"))
    tx.save_receipt("old", "ops", Receipt(reference={"ts": "1"}))
    tx.save_receipt("open", "ops", Receipt(reference={"ts": "2"}))


def fill_silences(tx: Transaction) -> None:
    """Save silences of which some are not over, or their end was not noticed."""
    for one in (silence("old"), silence("young", YOUNG), silence("unnoticed", closed_at=None), silence("on", NOON)):
        tx.save_silence(one)


def fill_slots(tx: Transaction) -> None:
    """Save slots of which some are not resolved, or are looked at again."""
    slots = [slot("old"), slot("young", YOUNG), slot("expected", state=SlotState.EXPECTED), slot("planned")]
    tx.save_slots(slots, check_at={"planned": NOON})


def fill_runs(tx: Transaction) -> None:
    """Save runs of which some go on, are the newest of their pipeline, or are that of an open alert."""
    for number, name in enumerate(("old 1", "old 2", "alerting", "last")):
        tx.save_run(run(name, started_at=OLD + number * DAY))
    tx.save_run(run("goes on", started_at=OLD, outcome=Outcome.RUNNING, ended_at=None))
    tx.save_run(run("young 1", pipeline="daily", started_at=YOUNG))
    tx.save_run(run("young 2", pipeline="daily", started_at=NOON))
    tx.save_alert(alert(id="open", fingerprint="open", run_id="alerting"))
    tx.save_alert(closed("closed"))


FILL: dict[Kept, tuple[Callable[[Transaction], None], int]] = {
    Kept.EVENTS: (fill_events, 1),
    Kept.REFUSED: (fill_refused, 1),
    Kept.NOTIFICATIONS: (fill_notifications, 4),
    Kept.GROUPS: (fill_groups, 1),
    Kept.ALERTS: (fill_alerts, 1),
    Kept.SILENCES: (fill_silences, 1),
    Kept.SLOTS: (fill_slots, 1),
    Kept.RUNS: (fill_runs, 2),
}


@pytest.mark.parametrize("limit", [1, 100])
@pytest.mark.parametrize("kept", Kept)
def test_only_what_is_old_and_over_goes(store: Store, kept: Kept, limit: int) -> None:
    """As much goes as may, in batches of one too, and a second time nothing does."""
    fill, count = FILL[kept]
    with store.writing() as tx:
        fill(tx)
    assert prune(store, kept, limit=limit) == count
    assert prune(store, kept) == 0


def test_an_event_that_was_forgotten_is_new(store: Store) -> None:
    """Of the ids of events the young ones are still known."""
    with store.writing() as tx:
        fill_events(tx)
    prune(store, Kept.EVENTS)
    with store.writing() as tx:
        assert tx.remember_events(["old"], NOON)
        assert not tx.remember_events(["young"], NOON)


def test_what_waits_in_the_inbox_stays(store: Store) -> None:
    """However old it is, an event that was not looked at waits on, and a young refused one is shown."""
    with store.writing() as tx:
        fill_refused(tx)
    prune(store, Kept.REFUSED)
    with store.reading() as tx:
        assert [one.event_id for one in tx.received(9)] == ["waits"]
        assert [name for name, _ in tx.refused(limit=9)] == ["young"]


def test_notifications_go_with_their_deliveries(store: Store) -> None:
    """Left are those that wait, the young ones, and those about open alerts and groups, with their deliveries."""
    with store.writing() as tx:
        fill_notifications(tx)
    prune(store, Kept.NOTIFICATIONS)
    with store.reading() as tx:
        left = {one.id for one in tx.notifications()}
        assert left == {"about open", "about flapping", "about open group", "waits", "in open group", "young"}
        assert (len(tx.deliveries("plain")), len(tx.deliveries("about open"))) == (0, 1)


@pytest.mark.parametrize("kept", [Kept.GROUPS, Kept.ALERTS])
def test_receipts_go_with_what_they_are_about(store: Store, kept: Kept) -> None:
    """A channel's receipt goes with its alert or group, and that of an open one stays."""
    with store.writing() as tx:
        FILL[kept][0](tx)
    prune(store, kept)
    with store.reading() as tx:
        assert tx.receipt("old", "ops") is None
        assert tx.receipt("open", "ops") is not None
        assert not tx.find_groups("old")
        assert not tx.find_alerts("old")


def test_the_newest_run_and_those_of_open_alerts_stay(store: Store) -> None:
    """A pipeline that has not run for a year still has its last run, and an open alert the run that it is about."""
    with store.writing() as tx:
        fill_runs(tx)
    prune(store, Kept.RUNS)
    with store.reading() as tx:
        assert {one.id for one in tx.runs()} == {"alerting", "last", "goes on", "young 1", "young 2"}
        assert [one.id for one in tx.latest_runs()] == ["young 2", "last"]


def test_an_empty_store_has_nothing_old(store: Store) -> None:
    """Nothing is deleted where nothing is."""
    with store.writing() as tx:
        assert {tx.prune(kept, before=LIMIT, limit=1) for kept in Kept} == {Pruned(count=0, reached=None)}
