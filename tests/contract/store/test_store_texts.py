"""Texts from outside, whatever is in them, on every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tocsin.core.alert import Alert, State
from tocsin.core.cause import Cause, CauseClass
from tocsin.core.finding import Kind, Topic
from tocsin.core.message import Code, Message, Tone
from tocsin.core.notify import Reason
from tocsin.core.outbox import ChannelState, Delivery, Notification, Receipt
from tocsin.core.run import Outcome, Run
from tocsin.core.severity import Severity
from tocsin.store.protocol import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

TEXTS = {
    "empty": "",
    "umlauts": "Käse für Łódź, 東京",
    "emoji of four bytes": "🔥👩‍👩‍👧‍👦",
    "NUL": "a\0b",
    "lone surrogate": "undecodable \udcff byte",
    "controls": "\x01\x1b[31m\x7f\r\n\t\u2028",
    "quotes": """'; DROP TABLE runs; -- " \\ %s :x ?""",
    "highest": "\U0010ffff",
    "a megabyte": "0123456789abcdé\n" * 65536,
}


@pytest.fixture(params=list(TEXTS.values()), ids=list(TEXTS))
def text(request: pytest.FixtureRequest) -> str:
    """Give a text that somewhere breaks something."""
    return str(request.param)


@pytest.fixture
def name(text: str) -> str:
    """Give as much of the text as fits into an index."""
    return text[:500]


def test_runs_keep_any_text(store: Store, text: str, name: str) -> None:
    """A run with this text as its names and as its cause is saved, found by them and comes back unchanged."""
    cause = Cause(cause_class=CauseClass.CODE, exception=text, message=text, traceback=text)
    run = Run(
        id=f"r{name}", pipeline=name, environment=name, started_at=NOON, outcome=Outcome.FAILED, cause=cause, note=text
    )
    with store.writing() as tx:
        assert tx.remember_events([name], NOON)
        assert not tx.remember_events([name], NOON)
        tx.save_run(run)
    with store.reading() as tx:
        assert tx.run(run.id) == run
        assert tx.find_runs(f"r{name[:5]}") == [run]
        assert tx.runs(pipeline=name, environment=name) == tx.latest_runs() == [run]


def test_alerts_keep_any_text(store: Store, text: str, name: str) -> None:
    """An alert with this text everywhere is saved, found and comes back unchanged."""
    alert = Alert(
        id=f"a{name}",
        fingerprint=name,
        topic=Topic.DELIVERY,
        subject=name,
        environment=name,
        kind=Kind.FAILED,
        severity=Severity.ERROR,
        state=State.FIRING,
        since=NOON,
        last_at=NOON,
        occurrences=1,
        summary=text,
        evidence={text: text},
    )
    with store.writing() as tx:
        tx.save_alert(alert)
        tx.save_alert(alert)
    with store.reading() as tx:
        assert tx.open_alert(name) == alert
        assert tx.alerts(subject=name) == tx.find_alerts("a") == [alert]


def test_the_outbox_keeps_any_text(store: Store, text: str, name: str) -> None:
    """A notification, its delivery, receipt and channel with this text everywhere come back unchanged."""
    message = Message(title=text, tone=Tone.ERROR, at=NOON, blocks=(Code(code=text),), data={"text": text})
    notification = Notification(
        id=name, channel=name, reason=Reason.NEW, message=message, created_at=NOON, due_at=NOON, alert_id=name
    )
    delivery = Delivery(notification_id=name, channel=name, at=NOON, took_ms=1, ok=False, answer=text)
    receipt = Receipt(reference={text: text}, answer=text)
    state = ChannelState(channel=name, disabled_because=text)
    with store.writing() as tx:
        assert tx.add_notification(notification)
        (claimed,) = tx.claim(owner=name, now=NOON, lease=NOON - NOON, limit=1, channel=name)
        assert tx.save_notification(replace(claimed, last_error=text), owner=name)
        tx.add_delivery(delivery)
        tx.save_receipt(name, name, receipt)
        tx.save_channel_state(state)
    with store.reading() as tx:
        (found,) = tx.notifications(alert_id=name, channel=name)
        assert (found.message, found.last_error) == (message, text)
        assert tx.told(name, name) is not None
        assert tx.deliveries(name) == [delivery]
        assert tx.receipt(name, name) == receipt
        assert tx.channel_state(name) == state
