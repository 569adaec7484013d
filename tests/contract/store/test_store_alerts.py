"""Alerts, on every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from made import alert, at
from tocsin.core.alert import Alert, State
from tocsin.core.finding import Kind, Topic
from tocsin.core.position import Position
from tocsin.core.run import Stage
from tocsin.core.severity import Severity
from tocsin.errors import StoreError
from tocsin.store.protocol import Store

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def make_alert(alert_id: str = "a1", **changes: Any) -> Alert:
    """Return an alert that fires."""
    alert = Alert(
        id=alert_id,
        fingerprint=f"fingerprint of {alert_id}",
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
    return replace(alert, **changes)


FULL = make_alert(
    state=State.RESOLVED,
    hint="try again",
    reason_key="401",
    stage=Stage.EXTRACT,
    run_id="r1",
    logical_id="airflow/7",
    evidence={"z": "first", "a": "second"},
    seq=4,
    acknowledged_by="ada",
    acknowledged_at=NOON + MINUTE,
    resolved_at=NOON + 2 * MINUTE,
    resolution="run 3f2a loaded 1,204 rows",
)


def save(store: Store, *alerts: Alert) -> None:
    """Save alerts in one transaction."""
    with store.writing() as tx:
        for alert in alerts:
            tx.save_alert(alert)


@pytest.mark.parametrize("alert", [make_alert(), FULL], ids=["bare", "full"])
def test_an_alert_comes_back_as_it_was(store: Store, alert: Alert) -> None:
    """Every field of an alert survives; evidence keeps its order."""
    save(store, alert)
    with store.reading() as tx:
        (found,) = tx.alerts()
    assert found == alert
    assert list(found.evidence or ()) == list(alert.evidence or ())


def test_the_open_alert_is_found_by_its_fingerprint(store: Store) -> None:
    """Firing and acknowledged alerts are open; a resolved one is not."""
    save(store, make_alert(fingerprint="f", state=State.RESOLVED), make_alert("a2", fingerprint="f"))
    acknowledged = make_alert("a3", fingerprint="g", state=State.ACKNOWLEDGED)
    save(store, acknowledged)
    with store.reading() as tx:
        assert tx.open_alert("f") == make_alert("a2", fingerprint="f")
        assert tx.open_alert("g") == acknowledged
        assert tx.open_alert("h") is None


def test_a_second_open_alert_with_one_fingerprint_is_refused(store: Store) -> None:
    """Two open alerts about one problem are an error that says what to do, and the first one stands."""
    save(store, make_alert(fingerprint="f"))
    with pytest.raises(
        StoreError, match=r"a2 was not saved: another alert about orders \(delivery, prod\) is open; read"
    ):
        save(store, make_alert("a2", fingerprint="f", state=State.ACKNOWLEDGED))
    with store.reading() as tx:
        assert tx.alerts() == [make_alert(fingerprint="f")]


def test_a_problem_that_comes_back_is_a_new_alert(store: Store) -> None:
    """Any number of resolved alerts share a fingerprint with one open alert."""
    resolved = [make_alert(f"a{number}", fingerprint="f", state=State.RESOLVED) for number in range(3)]
    save(store, *resolved)
    save(store, make_alert("a9", fingerprint="f"))
    save(store, make_alert("a9", fingerprint="f", state=State.RESOLVED), make_alert("a10", fingerprint="f"))
    with store.reading() as tx:
        assert len(tx.alerts()) == 5


def test_alerts_are_found_by_the_beginning_of_their_id(store: Store) -> None:
    """A prefix finds at most ten alerts, newest first by their last finding."""
    save(store, *(make_alert(f"ab{number:02}", last_at=NOON + number * MINUTE) for number in range(12)))
    save(store, make_alert("AB"), make_alert("ac"))
    with store.reading() as tx:
        assert [alert.id for alert in tx.find_alerts("ab")] == [f"ab{number:02}" for number in range(11, 1, -1)]
        assert tx.find_alerts("b") == []


def test_open_alerts_come_first(store: Store) -> None:
    """Alerts are listed open ones first, then by their last finding, and can be filtered."""
    save(
        store,
        make_alert("1", last_at=NOON),
        make_alert("2", last_at=NOON + MINUTE, state=State.ACKNOWLEDGED),
        make_alert("3", last_at=NOON + 2 * MINUTE, state=State.RESOLVED),
        make_alert("4", last_at=NOON + 3 * MINUTE, state=State.RESOLVED, subject="customers"),
    )

    def ids(**wanted: Any) -> str:
        with store.reading() as tx:
            return "".join(alert.id for alert in tx.alerts(**wanted))

    assert ids() == "2143"
    assert ids(limit=3) == "214"
    assert ids(open_only=True) == "21"
    assert ids(subject="orders") == "213"
    assert ids(subject="customers") == "4"
    assert ids(subject="customers", open_only=True) == ""
    assert ids(since=NOON + MINUTE) == "243"
    assert ids(since=NOON + MINUTE, open_only=True) == "2"


def test_alerts_are_looked_at_when_they_were_planned_to_be(store: Store) -> None:
    """Longest due first; saving an alert leaves its plan alone, and one without a plan waits for an event."""
    alerts = [alert(id=name, fingerprint=name) for name in ("late", "soon", "never")]
    over = alert(id="over", fingerprint="over", state=State.RESOLVED)
    with store.writing() as tx:
        tx.save_alerts([*alerts, over])
        tx.plan_alerts({"late": at(9), "soon": at(1), "never": None, "over": at(2)})
        tx.save_alerts([replace(each, seq=7) for each in alerts])

    with store.reading() as tx:
        assert [(one.id, one.seq) for one in tx.due_alerts(at(5), limit=9)] == [("soon", 7), ("over", 1)]
        assert [one.id for one in tx.due_alerts(at(9), limit=2)] == ["soon", "over"]
        assert [tx.due(at(minute)).alerts for minute in (0, 1)] == [False, True]
        assert tx.open_alerts(["late", "over", "nobody"]).keys() == {"late"}
    with store.writing() as tx:
        tx.plan_alerts({"soon": None})
        tx.plan_open_alerts(at(3))
        assert [one.id for one in tx.due_alerts(at(3), limit=9)] == ["over", "late", "never", "soon"]


def test_the_last_alert_of_a_problem_is_found(store: Store) -> None:
    """Of those that are over the one that was seen last, by fingerprint; open ones do not count."""
    with store.writing() as tx:
        for number, minute in ((1, 5), (2, 9), (3, 1)):
            tx.save_alert(alert(id=str(number), last_at=at(minute), state=State.RESOLVED))
        tx.save_alert(alert(id="open", last_at=at(20)))
        tx.save_alert(alert(id="other", fingerprint="other", last_at=at(20)))

        found = tx.last_alerts([alert().fingerprint, "other", "nobody"])
        assert {key: one.id for key, one in found.items()} == {alert().fingerprint: "2"}


def test_the_worst_alerts_come_first(store: Store) -> None:
    """Open alerts are sorted by severity, then the newest first, and cut after that."""
    save(
        store,
        make_alert("old", severity=Severity.ERROR, last_at=at(1)),
        make_alert("new", severity=Severity.ERROR, last_at=at(2)),
        make_alert("low", severity=Severity.WARNING, last_at=at(9)),
        make_alert("high", severity=Severity.CRITICAL, last_at=at(0)),
        make_alert("over", severity=Severity.CRITICAL, state=State.RESOLVED),
        make_alert("other", subject="stock", environment="test", severity=Severity.INFO),
    )
    with store.reading() as tx:
        assert [one.id for one in tx.worst_alerts(limit=4)] == ["high", "new", "old", "low"]
        assert [one.id for one in tx.worst_alerts(severity=Severity.ERROR, limit=1)] == ["new"]
        assert [one.id for one in tx.worst_alerts(subject="stock", environment="test", limit=9)] == ["other"]


def test_alerts_that_are_over_are_counted_up_to_a_limit(store: Store) -> None:
    """Counting stops where nobody asks for more, so that it does not cost all of history."""
    for number in range(5):
        save(store, make_alert(f"a{number}", state=State.RESOLVED, severity=Severity.ERROR))
    save(store, make_alert("open"), make_alert("low", state=State.RESOLVED, severity=Severity.INFO))
    with store.reading() as tx:
        assert tx.count_over(most=3) == 3
        assert tx.count_over(severity=Severity.ERROR, most=9) == 5
        assert tx.count_over(subject="nobody", environment="nowhere", most=9) == 0


def test_a_list_can_begin_with_what_is_over(store: Store) -> None:
    """No moment is later than the last one, so that a list from there on leaves out what is open, and nothing else."""
    save(store, make_alert("open"), make_alert("old", state=State.RESOLVED), make_alert("new", state=State.RESOLVED))
    end = Position(at=datetime.max.replace(tzinfo=UTC), id="")
    with store.reading() as tx:
        assert [one.id for one in tx.alerts(after=end)] == ["old", "new"]
