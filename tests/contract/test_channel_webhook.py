"""The generic webhook: what arrives, and how it is signed."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from receiver import Receiver, answer
from sample_messages import ACKNOWLEDGED, FAILED, NOTE, RECOVERED
from tocsin.channels.base import Outgoing
from tocsin.channels.formats.event import event
from tocsin.channels.registry import make_channel
from tocsin.core.message import Message
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


def test_payload(receiver: Receiver) -> None:
    """The message arrives as documented, with its facts as data and its text for people."""
    receiver.answers(answer(202, "queued"))
    receipt = make_channel("webhook", {"url": receiver.url}).send(Outgoing(key="m1", message=FAILED))
    assert receipt == Receipt(status=202, answer="queued")
    got = receiver.last.json
    assert got.pop("text").startswith("✕ orders failed: the API of the shop is not available\n\nWhat: extract")
    assert got == {
        "type": "alert.firing",
        "id": "m1",
        "at": "2026-11-23T05:08:09Z",
        "title": "orders failed: the API of the shop is not available",
        "severity": "error",
        "tone": "error",
        "alert_id": "3f2a9c",
        "links": [
            {"label": "Log", "url": "https://airflow.example.com/dags/orders/grid?run=2026-11-23"},
            {"label": "Acknowledge", "url": "https://tocsin.example.com/a/3f2a?token=abc"},
        ],
        "data": {"pipeline": "orders", "kind": "failed", "occurrences": 1},
    }
    assert receiver.last.headers["content-type"] == "application/json"
    assert "webhook-signature" not in receiver.last.headers
    assert "authorization" not in receiver.last.headers


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (FAILED, "alert.firing"),
        (RECOVERED, "alert.resolved"),
        (ACKNOWLEDGED, "alert.acknowledged"),
        (NOTE, "message"),
    ],
)
def test_type(message: Message, kind: str, receiver: Receiver) -> None:
    """The type says in which state the alert is, or that there is none."""
    make_channel("webhook", {"url": receiver.url}).send(Outgoing(key="m1", message=message))
    assert receiver.last.json["type"] == kind


def test_signature(receiver: Receiver) -> None:
    """A receiver that knows the secret can prove who sent the message, when, and that it is whole."""
    make_channel("webhook", {"url": receiver.url, "secret": SECRET}).send(Outgoing(key="m1", message=FAILED))
    headers = receiver.last.headers
    assert headers["webhook-id"] == "m1"
    signed = f"m1.{headers['webhook-timestamp']}.".encode() + receiver.last.body
    expected = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.docs
@pytest.mark.parametrize("form", ["json", "cloudevents"])
def test_signature_is_verified_as_documented(form: str, receiver: Receiver) -> None:
    """The code on the channel's page takes what Tocsin sent, and nothing that is changed, old or signed by others."""
    page = Path(__file__).parents[2] / "docs/channels/webhook.md"
    code = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile("".join(code), str(page), "exec"), names)  # noqa: S102  # what a reader would copy
    verify: Callable[[dict[str, str], bytes, str], None] = names["verify"]
    channel = make_channel("webhook", {"url": receiver.url, "secret": SECRET, "format": form})
    channel.send(Outgoing(key="m1", message=FAILED))
    headers, body = receiver.last.headers, receiver.last.body
    verify(headers, body, SECRET)
    other = f"whsec_{base64.b64encode(bytes(32)).decode()}"
    for wrong in (
        (headers, body + b" ", SECRET),
        (headers, body, other),
        ({**headers, "webhook-id": "m2"}, body, SECRET),
    ):
        with pytest.raises(ValueError, match="the signature is not right"):
            verify(*wrong)
    with pytest.raises(ValueError, match="too old"):
        verify({**headers, "webhook-timestamp": "1700000000"}, body, SECRET)


def test_cloud_event(receiver: Receiver) -> None:
    """As a CloudEvent the message comes in the envelope of version 1.0, with the headers of Standard Webhooks."""
    channel = make_channel("webhook", {"url": receiver.url, "secret": SECRET, "format": "cloudevents"})
    channel.send(Outgoing(key="m1", message=FAILED))
    assert receiver.last.json == {
        "specversion": "1.0",
        "id": "m1",
        "source": "/tocsin",
        "type": "tocsin.alert.firing",
        "time": "2026-11-23T05:08:09Z",
        "subject": "3f2a9c",
        "datacontenttype": "application/json",
        "data": event(Outgoing(key="m1", message=FAILED)),
    }
    headers = receiver.last.headers
    assert headers["content-type"] == "application/cloudevents+json"
    assert headers["webhook-id"] == "m1"
    assert "webhook-signature" in headers


def test_cloud_event_without_an_alert(receiver: Receiver) -> None:
    """A plain message has no subject: an empty one is not allowed."""
    channel = make_channel("webhook", {"url": receiver.url, "format": "cloudevents"})
    channel.send(Outgoing(key="m1", message=NOTE))
    assert receiver.last.json["type"] == "tocsin.message"
    assert "subject" not in receiver.last.json


def test_id_stays_the_same(receiver: Receiver) -> None:
    """A second try carries the same id, so that a receiver can forget what it has seen."""
    channel = make_channel("webhook", {"url": receiver.url})
    receiver.answers(answer(500), answer(200))
    with pytest.raises(DeliveryError):
        channel.send(Outgoing(key="m1", message=FAILED))
    channel.send(Outgoing(key="m1", message=FAILED))
    assert [request.headers["webhook-id"] for request in receiver.requests] == ["m1", "m1"]


def test_authorization(receiver: Receiver) -> None:
    """A token is sent as the Authorization header."""
    make_channel("webhook", {"url": receiver.url, "authorization": "Bearer t"}).send(Outgoing(key="m", message=NOTE))
    assert receiver.last.headers["authorization"] == "Bearer t"


def test_plain_is_small(receiver: Receiver) -> None:
    """After a refusal the message comes without its facts, and short."""
    long = dataclasses.replace(FAILED, data={"rows": ["x" * 100] * 1_000}, title="long " * 2_000)
    make_channel("webhook", {"url": receiver.url}).send(Outgoing(key="m1", message=long, plain=True))
    assert receiver.last.json["data"] is None
    assert len(receiver.last.json["text"]) <= 2_000
    assert len(receiver.last.body) < 20_000


def test_facts_without_a_json_form(receiver: Receiver) -> None:
    """Facts that JSON cannot carry are a refusal of the full form; nothing is sent that a receiver cannot read."""
    odd = dataclasses.replace(FAILED, data={"ratio": math.nan})
    channel = make_channel("webhook", {"url": receiver.url})
    with pytest.raises(DeliveryError, match="the facts of the message have no JSON form") as caught:
        channel.send(Outgoing(key="m1", message=odd))
    assert (caught.value.permanent, caught.value.payload) == (True, True)
    assert receiver.requests == []
    channel.send(Outgoing(key="m1", message=odd, plain=True))
    assert json.loads(receiver.last.body)["data"] is None
