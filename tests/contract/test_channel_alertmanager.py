"""Alertmanager: the real one where it is installed, and a server that answers what it does not answer by itself."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from made import alert, run
from real_alertmanager import BINARY, MISSING, RunningAlertmanager, running_alertmanager
from receiver import Receiver, answer, receiving
from sample_messages import ACKNOWLEDGED, FAILED, LONG, NOTE, RECOVERED, SAMPLES
from tocsin.channels.alertmanager import alerts
from tocsin.channels.base import Channel, Outgoing
from tocsin.channels.http import post
from tocsin.channels.registry import check_settings, make_channel
from tocsin.core.alert import Alert, acknowledge, resolve
from tocsin.core.compose import Surroundings, compose
from tocsin.core.message import Message
from tocsin.core.notify import Reason
from tocsin.core.outbox import Receipt
from tocsin.core.severity import Severity
from tocsin.errors import DeliveryError

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
WEEK = timedelta(days=7)
real = pytest.mark.skipif(BINARY is None, reason=MISSING)


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlertmanager]:
    """One real Alertmanager for all tests; each has alerts of its own."""
    with (
        receiving() as sink,
        running_alertmanager(tmp_path_factory.mktemp("alertmanager"), sink) as running,
    ):
        yield running


@pytest.fixture
def channel(alertmanager: RunningAlertmanager) -> Channel:
    """A channel to the real Alertmanager."""
    return make_channel("alertmanager", {"url": alertmanager.url})


def minutes_ago(minutes: float) -> datetime:
    """Return a moment in the past of this machine, which is the one that Alertmanager runs on."""
    return datetime.now(UTC) - timedelta(minutes=minutes)


def opened(alert_id: str, **changes: Any) -> Alert:
    """Return an alert that opened ten minutes ago."""
    since = minutes_ago(10)
    return alert(**{"id": alert_id, "environment": "prod", "since": since, "last_at": since} | changes)


def said(of: Alert, reason: Reason = Reason.NEW) -> Message:
    """Return what is said of an alert."""
    return compose(of, reason, Surroundings(run=run(), owner="data-team"))


def over(of: Alert) -> Message:
    """Return what is said when the alert is over."""
    return said(resolve(of, resolution="run 2 went well", now=datetime.now(UTC))[0], Reason.RECOVERED)


def moment(text: str) -> datetime:
    """Read a moment of Alertmanager's."""
    return datetime.fromisoformat(text)


@real
def test_life_of_an_alert(alertmanager: RunningAlertmanager, channel: Channel) -> None:
    """An alert fires, stays the same one when it is repeated and acknowledged, and ends; people hear of both ends."""
    first = opened("life")
    known, _ = acknowledge(first, by="ada", now=datetime.now(UTC))
    receipt = channel.send(Outgoing(key="m1", message=said(first)))
    labels = {
        "alertname": "TocsinDelivery",
        "alert_id": "life",
        "pipeline": "orders",
        "environment": "prod",
        "severity": "error",
        "owner": "data-team",
    }
    assert (receipt.status, receipt.reference) == (200, labels)
    [shown] = alertmanager.alerts(alert_id="life")
    assert shown["labels"] == labels
    assert shown["annotations"]["summary"] == "orders (prod) failed"
    assert "Why: " in shown["annotations"]["description"]
    assert abs(moment(shown["startsAt"]) - first.since) < timedelta(seconds=1)
    assert moment(shown["endsAt"]) - datetime.now(UTC) > timedelta(days=6)

    receipt = channel.send(Outgoing(key="m2", message=said(first, Reason.REPEAT), previous=receipt))
    receipt = channel.send(Outgoing(key="m3", message=said(known, Reason.ACKNOWLEDGED), previous=receipt))
    [again] = alertmanager.alerts(alert_id="life")
    assert again["fingerprint"] == shown["fingerprint"]
    assert again["annotations"]["summary"] == "orders (prod): acknowledged by ada"

    receipt = channel.send(Outgoing(key="m4", message=over(known), previous=receipt))
    assert alertmanager.alerts(alert_id="life") == []
    assert alertmanager.wait_until_told(2, alert_id="life")[-1] == ("resolved", labels)
    assert receipt.reference == labels


@real
def test_end_is_heard_although_our_clock_is_ahead(alertmanager: RunningAlertmanager) -> None:
    """Alertmanager ignores an end in its future, so the end is told as a minute ago."""
    first = opened("skew")
    ahead = datetime.now(UTC) + timedelta(seconds=50)
    for message in (said(first), over(first)):
        made = alerts(Outgoing(key="m1", message=message), now=ahead, ends_after=WEEK)
        post(f"{alertmanager.url}/api/v2/alerts", json.dumps(made).encode(), {"Content-Type": "application/json"})
    assert alertmanager.alerts(alert_id="skew") == []


@real
def test_problem_that_gets_worse(alertmanager: RunningAlertmanager, channel: Channel) -> None:
    """The alert moves to its new severity, so that routes for it hear, and what ends is what was posted last."""
    first = opened("worse", severity=Severity.WARNING)
    worse = dataclasses.replace(first, severity=Severity.CRITICAL)
    receipt = channel.send(Outgoing(key="m1", message=said(first)))
    alertmanager.wait_until_told(1, alert_id="worse")
    receipt = channel.send(Outgoing(key="m2", message=said(worse, Reason.WORSENED), previous=receipt))
    assert [one["labels"]["severity"] for one in alertmanager.alerts(alert_id="worse")] == ["critical"]
    told = alertmanager.wait_until_told(3, alert_id="worse")
    assert sorted((state, labels["severity"]) for state, labels in told) == [
        ("firing", "critical"),
        ("firing", "warning"),
        ("resolved", "warning"),
    ]
    channel.send(Outgoing(key="m3", message=over(first), previous=receipt))
    assert alertmanager.alerts(alert_id="worse") == []


@real
def test_same_pipeline_again(alertmanager: RunningAlertmanager, channel: Channel) -> None:
    """The late end of an old problem does not end the new one of the same pipeline."""
    old, new = opened("old", since=minutes_ago(90)), opened("new")
    receipt = channel.send(Outgoing(key="m1", message=said(old)))
    channel.send(Outgoing(key="m2", message=said(new)))
    channel.send(Outgoing(key="m3", message=over(old), previous=receipt))
    assert alertmanager.alerts(alert_id="old") == []
    assert len(alertmanager.alerts(alert_id="new")) == 1


@real
def test_alert_that_alertmanager_has_forgotten(alertmanager: RunningAlertmanager, channel: Channel) -> None:
    """After a restart Alertmanager knows nothing: the next message, or the end, is taken all the same."""
    first = opened("forgotten")
    labels = dict(alerts(Outgoing(key="m1", message=said(first)), now=NOW, ends_after=WEEK)[0]["labels"])
    receipt = channel.send(Outgoing(key="m2", message=said(first, Reason.REPEAT), previous=Receipt(reference=labels)))
    assert len(alertmanager.alerts(alert_id="forgotten")) == 1
    channel.send(Outgoing(key="m3", message=over(first), previous=receipt))
    assert channel.send(Outgoing(key="m4", message=over(opened("never")))).status == 200


@real
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("plain", [False, True])
def test_every_message_is_taken(name: str, alertmanager: RunningAlertmanager, channel: Channel, *, plain: bool) -> None:
    """Long, hostile and empty messages are alerts that Alertmanager takes."""
    alert_id = f"{name}-{plain}"
    message = dataclasses.replace(SAMPLES[name], alert_id=alert_id)
    channel.send(Outgoing(key="m1", message=message, plain=plain))
    assert len(alertmanager.alerts(alert_id=alert_id)) == (0 if name == "recovered" else 1)


@real
def test_plain_message(alertmanager: RunningAlertmanager, channel: Channel) -> None:
    """A message without an alert is one of its own, once for all tries, and ends by itself after an hour."""
    for _ in range(2):
        channel.send(Outgoing(key="note1", message=NOTE))
    [shown] = alertmanager.alerts(alert_id="note1")
    assert shown["labels"] == {"alertname": "TocsinMessage", "alert_id": "note1", "severity": "info"}
    assert timedelta(minutes=50) < moment(shown["endsAt"]) - datetime.now(UTC) <= timedelta(hours=1)


@real
def test_address_of_something_else(alertmanager: RunningAlertmanager) -> None:
    """An address that is not Alertmanager's own disables the channel and says what the right one is."""
    elsewhere = make_channel("alertmanager", {"url": f"{alertmanager.url}/nowhere"})
    with pytest.raises(DeliveryError) as caught:
        elsewhere.send(Outgoing(key="m1", message=FAILED))
    assert (caught.value.permanent, caught.value.payload) == (True, False)
    assert caught.value.hint.startswith("set url to where Alertmanager answers")


def test_what_is_posted() -> None:
    """A message is one alert, from when the problem began until it is said to be over or `ends_after` has passed."""
    [made] = alerts(Outgoing(key="m1", message=FAILED), now=NOW, ends_after=WEEK)
    assert made["labels"] == {"alertname": "TocsinAlert", "alert_id": "3f2a9c", "severity": "error"}
    assert made["startsAt"] == "2026-11-23T05:08:09+00:00"
    assert made["endsAt"] == "2026-11-30T06:00:00+00:00"
    assert made["generatorURL"] == "https://airflow.example.com/dags/orders/grid?run=2026-11-23"
    [ended] = alerts(Outgoing(key="m2", message=RECOVERED), now=NOW, ends_after=WEEK)
    assert ended["endsAt"] == "2026-11-23T05:59:00+00:00"


def test_no_end_before_the_begin() -> None:
    """Alertmanager refuses an alert that ends before it begins, also where two clocks differ."""
    early = dataclasses.replace(RECOVERED, at=NOW + timedelta(minutes=3))
    [made] = alerts(Outgoing(key="m1", message=early), now=NOW, ends_after=WEEK)
    assert made["startsAt"] == made["endsAt"] == "2026-11-23T06:00:00+00:00"


@pytest.mark.parametrize("message", [RECOVERED, ACKNOWLEDGED])
def test_labels_are_those_of_the_message_before(message: Message) -> None:
    """The end and the acknowledgement of a problem carry the labels under which it is known."""
    kept = {"alertname": "TocsinDelivery", "alert_id": "3f2a9c", "severity": "warning", "owner": "team-a"}
    made = alerts(Outgoing(key="m2", message=message, previous=Receipt(reference=kept)), now=NOW, ends_after=WEEK)
    assert [one["labels"] for one in made] == [kept]


def test_receipt_of_another_channel() -> None:
    """Where the name of the channel was that of a Slack channel before, its receipt says nothing about labels."""
    slack = Receipt(reference={"channel": "C1", "ts": "17.001"})
    [made] = alerts(Outgoing(key="m2", message=RECOVERED, previous=slack), now=NOW, ends_after=WEEK)
    assert made["labels"] == {"alertname": "TocsinAlert", "alert_id": "3f2a9c", "severity": "info"}


def test_plain_form() -> None:
    """A refused alert is posted again without description and link; its labels stay, as they are its name."""
    rich, plain = (
        alerts(Outgoing(key="m1", message=LONG, plain=form), now=NOW, ends_after=WEEK)[0] for form in (False, True)
    )
    assert (set(plain), set(plain["annotations"])) == ({"labels", "annotations", "startsAt", "endsAt"}, {"summary"})
    assert plain["labels"] == rich["labels"]
    assert plain["annotations"]["summary"].endswith("characters left out")


@pytest.mark.parametrize(
    ("status", "permanent", "payload"),
    [
        # The alert is refused, and is posted again in the plain form.
        (400, True, True),
        (422, True, True),
        # Later.
        (429, False, False),
        (500, False, False),
        (503, False, False),
        # We are refused.
        (401, True, False),
        (405, True, False),
    ],
)
def test_errors(status: int, receiver: Receiver, *, permanent: bool, payload: bool) -> None:
    """What is answered says whether the alert is posted again, and how."""
    receiver.answers(answer(status, '"start time must be before end time"', retry_after="7"))
    with pytest.raises(DeliveryError) as caught:
        make_channel("alertmanager", {"url": receiver.url}).send(Outgoing(key="m1", message=FAILED))
    assert (caught.value.permanent, caught.value.payload) == (permanent, payload)
    assert caught.value.retry_after == (None if permanent else 7)
    assert bool(caught.value.hint) == (permanent and not payload)


def test_authorization_and_path_prefix(receiver: Receiver) -> None:
    """Behind a proxy a token and a path prefix are sent."""
    settings = {"url": f"http://localhost:{receiver.port}/alerts/", "authorization": "Bearer t"}
    make_channel("alertmanager", settings).send(Outgoing(key="m1", message=FAILED))
    assert receiver.last.target == "/alerts/api/v2/alerts"
    assert receiver.last.headers["authorization"] == "Bearer t"
    assert receiver.last.headers["content-type"] == "application/json"


def test_how_long_an_alert_lasts(receiver: Receiver) -> None:
    """`ends_after` decides when an alert ends that nothing more is said about."""
    make_channel("alertmanager", {"url": receiver.url, "ends_after": "2h"}).send(Outgoing(key="m1", message=FAILED))
    [made] = receiver.last.json
    left = moment(made["endsAt"]) - datetime.now(UTC)
    assert timedelta(minutes=110) < left <= timedelta(hours=2)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (
            "soon",
            'ends_after = "soon" is not a length of time; write for example "90s", "15m", "2h" or "1h30m"',
        ),
        ("1m", 'ends_after = "1m" is too short; an alert would end between two messages'),
    ],
)
def test_problem(given: str, problem: str) -> None:
    """A length of time that is none, or that ends alerts that go on, is told."""
    assert check_settings("alertmanager", {"url": "http://localhost:9093", "ends_after": given})[1] == [problem]
