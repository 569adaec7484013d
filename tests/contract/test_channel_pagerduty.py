"""PagerDuty, against a server that answers as PagerDuty does; what is sent is what its documentation takes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from made import alert, at, run
from receiver import Receiver, answer
from sample_messages import ACKNOWLEDGED, FAILED, HOSTILE, LONG, NOTE, RECOVERED, SAMPLES
from tocsin.channels.base import Channel, Outgoing
from tocsin.channels.registry import check_settings, make_channel
from tocsin.core.alert import acknowledge, resolve
from tocsin.core.compose import Surroundings, compose
from tocsin.core.message import Code, Message, Paragraph
from tocsin.core.notify import Reason
from tocsin.core.outbox import Receipt
from tocsin.core.run import Link
from tocsin.core.severity import Severity
from tocsin.errors import DeliveryError

KEY = "0123456789abcdefABCDEF0123456789"
TAKEN = answer(202, {"status": "success", "message": "Event processed", "dedup_key": "3f2a9c"})
SCHEMA = json.loads((Path(__file__).parents[1] / "golden" / "pagerduty.schema.json").read_text())
FIRST = Outgoing(key="m1", message=FAILED)


@pytest.fixture
def pager(receiver: Receiver) -> Channel:
    """A channel whose PagerDuty is the receiver."""
    receiver.answers(TAKEN)
    return make_channel("pagerduty", {"routing_key": KEY, "api_url": f"http://localhost:{receiver.port}/"})


def sent(pager: Channel, receiver: Receiver, message: Message, *, plain: bool = False) -> Any:
    """Return the event that is sent for a message, after a look at it with PagerDuty's eyes."""
    pager.send(Outgoing(key="m1", message=message, plain=plain))
    jsonschema.Draft7Validator(SCHEMA).validate(receiver.last.json)
    assert len(receiver.last.body) <= 512_000
    return receiver.last.json


def test_trigger(pager: Channel, receiver: Receiver) -> None:
    """A problem triggers an incident under the alert's id, with what it says as details."""
    receipt = pager.send(FIRST)
    assert (receipt.status, receipt.reference) == (202, {})
    assert receiver.last.target == "/v2/enqueue"
    assert receiver.last.headers["content-type"] == "application/json"
    event = receiver.last.json
    assert (event["routing_key"], event["event_action"], event["dedup_key"]) == (KEY, "trigger", "3f2a9c")
    payload = event["payload"]
    assert payload["summary"] == "orders failed: the API of the shop is not available"
    assert (payload["severity"], payload["timestamp"]) == ("error", "2026-11-23T05:08:09+00:00")
    details = payload["custom_details"]
    assert list(details) == ["What", "When", "Why", "Since", "Blocks", "Next", "Do", "Command", "Traceback"]
    assert details["Command"] == "python pipelines/orders.py"
    assert [link["text"] for link in event["links"]] == ["Log", "Acknowledge"]


def test_pipeline_environment_and_kind_are_named(pager: Channel, receiver: Receiver) -> None:
    """Rules of an event orchestration find pipeline, environment and kind in fields of their own."""
    made = compose(alert(environment="prod"), Reason.NEW, Surroundings(run=run()))
    payload = sent(pager, receiver, made)["payload"]
    assert (payload["source"], payload["group"], payload["class"]) == ("orders", "prod", "failed")


def test_life_of_an_incident(pager: Channel, receiver: Receiver) -> None:
    """What is triggered is acknowledged and resolved under the same key, with nothing else in it."""
    open_ = alert()
    known, _ = acknowledge(open_, by="ada", now=at(5))
    over, _ = resolve(known, resolution="run 2 went well", now=at(9))
    for changed, reason in ((open_, Reason.NEW), (known, Reason.ACKNOWLEDGED), (over, Reason.RECOVERED)):
        sent(pager, receiver, compose(changed, reason, Surroundings(run=run())))
    events = [request.json for request in receiver.requests]
    assert [event["event_action"] for event in events] == ["trigger", "acknowledge", "resolve"]
    assert {event["dedup_key"] for event in events} == {"alert1"}
    assert set(events[1]) == set(events[2]) == {"routing_key", "event_action", "dedup_key"}


@pytest.mark.parametrize("severity", Severity)
def test_severity(severity: Severity, pager: Channel, receiver: Receiver) -> None:
    """PagerDuty has the same four severities."""
    event = sent(pager, receiver, dataclasses.replace(FAILED, severity=severity))
    assert event["payload"]["severity"] == severity.value


def test_plain_message_is_an_incident_of_its_own(pager: Channel, receiver: Receiver) -> None:
    """A message without an alert is triggered under its own key, which is the same when it is sent twice."""
    event = sent(pager, receiver, NOTE)
    assert (event["event_action"], event["dedup_key"], event["payload"]["severity"]) == ("trigger", "m1", "info")
    assert event["payload"]["source"] == "Tocsin"
    assert event["payload"]["custom_details"] == {
        "Details": "All of 2025 is loaded.\n\nNext: switch the incremental cursor back on."
    }


def test_good_news_without_an_alert_resolve_nothing(pager: Channel, receiver: Receiver) -> None:
    """Only an alert can be over: a plain message of any tone is told."""
    event = sent(pager, receiver, dataclasses.replace(RECOVERED, alert_id=None))
    assert event["event_action"] == "trigger"


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("plain", [False, True])
def test_every_message_fits(name: str, pager: Channel, receiver: Receiver, *, plain: bool) -> None:
    """Long, hostile and empty messages are events that PagerDuty takes."""
    sent(pager, receiver, SAMPLES[name], plain=plain)


def test_plain_form(pager: Channel, receiver: Receiver) -> None:
    """A refused event is sent again with nothing but what PagerDuty demands."""
    event = sent(pager, receiver, LONG, plain=True)
    assert set(event) == {"routing_key", "event_action", "dedup_key", "payload"}
    assert set(event["payload"]) == {"summary", "source", "severity"}


def test_what_is_left_out_is_counted(pager: Channel, receiver: Receiver) -> None:
    """Long lists and long texts say how much of them is missing."""
    event = sent(pager, receiver, dataclasses.replace(LONG, title="long " * 400))
    details = event["payload"]["custom_details"]
    assert event["payload"]["summary"].endswith("characters left out")
    assert "+85 more" in details["Details"]
    assert "characters left out" in details["Traceback"]
    assert (len(event["links"]), details["Links"]) == (10, "+10 more")


def test_largest_event(pager: Channel, receiver: Receiver) -> None:
    """Even where each character takes four bytes, an event stays below the size that PagerDuty takes."""
    huge = dataclasses.replace(
        FAILED,
        title="😀" * 5_000,
        blocks=tuple(Code(code="😀" * 9_000, label=f"Code {n}") for n in range(30)),
        links=tuple(Link(label="😀" * 99, url=f"https://example.com/{'é' * 1_900}") for _ in range(30)),
    )
    details = sent(pager, receiver, huge)["payload"]["custom_details"]
    assert details["Details"].endswith("more")


def test_hostile_text(pager: Channel, receiver: Receiver) -> None:
    """Control characters go, and an address that is none of the web is shown and cannot be clicked."""
    event = sent(pager, receiver, HOSTILE)
    assert "\x1b" not in event["payload"]["summary"]
    assert [link["href"] for link in event["links"]] == ["https://ok.example/?a=1&b=2"]
    assert event["payload"]["custom_details"]["Run"] == "javascript:alert(1)"


def test_same_label_twice(pager: Channel, receiver: Receiver) -> None:
    """Two texts under one label are both told."""
    twice = dataclasses.replace(NOTE, blocks=(Paragraph(text="one", label="Do"), Paragraph(text="two", label="Do")))
    assert sent(pager, receiver, twice)["payload"]["custom_details"] == {"Do": "one\ntwo"}


@pytest.mark.parametrize(
    "errors",
    [
        ["Invalid routing key"],
        ["Length of 'routing_key' is incorrect (should be 32 characters)"],
    ],
)
def test_refused_key(errors: list[str], pager: Channel, receiver: Receiver) -> None:
    """A 400 that is about the key disables the channel, and says where the right one is found."""
    receiver.answers(answer(400, {"status": "invalid event", "message": "Event object is invalid", "errors": errors}))
    with pytest.raises(DeliveryError, match="PagerDuty does not know the routing key") as caught:
        pager.send(FIRST)
    got = caught.value
    assert (got.permanent, got.payload, got.status) == (True, False, 400)
    assert "integration key" in got.hint
    assert errors[0] in got.answer


@pytest.mark.parametrize(
    ("status", "permanent", "payload"),
    [
        # The event is refused, and is sent again in the plain form.
        (400, True, True),
        (413, True, True),
        # Later.
        (408, False, False),
        (429, False, False),
        (500, False, False),
        (503, False, False),
        # The address is another one.
        (404, True, False),
    ],
)
def test_errors(status: int, pager: Channel, receiver: Receiver, *, permanent: bool, payload: bool) -> None:
    """What PagerDuty answers says whether the event is sent again, and how."""
    body = {"status": "invalid event", "errors": ["'payload.summary' is missing or blank"]}
    receiver.answers(answer(status, body, retry_after="30"))
    with pytest.raises(DeliveryError) as caught:
        pager.send(FIRST)
    assert (caught.value.permanent, caught.value.payload) == (permanent, payload)
    assert caught.value.retry_after == (None if permanent else 30)
    assert KEY not in f"{caught.value} {caught.value.answer} {caught.value.hint}"


@pytest.mark.parametrize("key", ["y_NbAkKc66ryYTWUXYEu", "r" * 31, "R03-" * 8])
def test_key_of_another_form(key: str) -> None:
    """A key that is none of the Events API is found before a problem has to be told, and is not shown."""
    problem = "routing_key is not 32 letters and digits; take the integration key of an Events API V2 integration"
    assert check_settings("pagerduty", {"routing_key": key})[1] == [problem]


def test_where_it_goes() -> None:
    """Without another address it is that of the United States."""
    assert check_settings("pagerduty", {"routing_key": KEY})[0]["api_url"] == "https://events.pagerduty.com"


def test_acknowledgement_of_a_message_that_was_never_seen(pager: Channel, receiver: Receiver) -> None:
    """An acknowledgement needs nothing of earlier messages."""
    pager.send(Outgoing(key="m2", message=ACKNOWLEDGED, previous=Receipt(reference={"ts": "17.001"})))
    assert receiver.last.json == {"routing_key": KEY, "event_action": "acknowledge", "dedup_key": "3f2a9c"}
