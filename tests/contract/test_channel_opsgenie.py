"""Opsgenie and Jira Service Management, against a server that answers as they do."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from made import alert, run
from receiver import Receiver, answer, silence
from sample_messages import ACKNOWLEDGED, FAILED, LONG, NOTE, RECOVERED, SAMPLES
from tocsin.channels.base import Channel, Outgoing
from tocsin.channels.registry import make_channel
from tocsin.core.compose import Surroundings, compose
from tocsin.core.message import Code
from tocsin.core.notify import Reason
from tocsin.core.outbox import Receipt
from tocsin.core.severity import Severity
from tocsin.errors import DeliveryError

KEY = "eb243592-faa2-4ba2-a551-1afdf565c889"
TAKEN = answer(202, {"result": "Request will be processed", "took": 0.1, "requestId": "43a29c5c"})
FIRST = Outgoing(key="m1", message=FAILED)
CREATED = Receipt(reference={"alias": "3f2a9c"})
#: Characters that the documentation allows.
LIMITS = {"message": 130, "alias": 512, "description": 15_000, "entity": 512, "source": 100, "note": 25_000}


@pytest.fixture
def opsgenie(receiver: Receiver) -> Channel:
    """A channel whose Opsgenie is the receiver."""
    receiver.answers(TAKEN)
    return make_channel("opsgenie", {"api_key": KEY, "api_url": f"http://localhost:{receiver.port}"})


def targets(receiver: Receiver) -> list[str]:
    """Return the paths that were posted to."""
    return [request.target for request in receiver.requests]


def check(body: dict[str, Any]) -> None:
    """Look at a request with Opsgenie's eyes."""
    assert not set(body) - {*LIMITS, "details", "priority"}
    for name, limit in LIMITS.items():
        assert len(body.get(name, "")) <= limit, name
    assert sum(len(key) + len(value) for key, value in body.get("details", {}).items()) <= 8_000


def test_create(opsgenie: Channel, receiver: Receiver) -> None:
    """A problem creates an alert whose alias is the alert's id, and the receipt says that it is there."""
    receipt = opsgenie.send(FIRST)
    assert (receipt.status, receipt.reference) == (202, {"alias": "3f2a9c"})
    assert targets(receiver) == ["/v2/alerts"]
    assert receiver.last.headers["authorization"] == f"GenieKey {KEY}"
    body = receiver.last.json
    assert (body["message"], body["alias"]) == ("orders failed: the API of the shop is not available", "3f2a9c")
    assert (body["priority"], body["source"]) == ("P2", "Tocsin")
    assert "Why: HTTPError: 503" in body["description"]


def test_words_to_route_by(opsgenie: Channel, receiver: Receiver) -> None:
    """Routing rules find pipeline, environment, kind and owner among the details."""
    made = compose(alert(environment="prod"), Reason.NEW, Surroundings(run=run(), owner="data-team"))
    opsgenie.send(Outgoing(key="m1", message=made))
    body = receiver.last.json
    wanted = {"pipeline": "orders", "environment": "prod", "kind": "failed", "owner": "data-team", "severity": "error"}
    assert wanted.items() <= body["details"].items()
    assert body["entity"] == "orders"


@pytest.mark.parametrize(
    ("severity", "priority"),
    [(Severity.CRITICAL, "P1"), (Severity.ERROR, "P2"), (Severity.WARNING, "P3"), (Severity.INFO, "P5")],
)
def test_priority(severity: Severity, priority: str, opsgenie: Channel, receiver: Receiver) -> None:
    """The severity becomes a priority."""
    opsgenie.send(Outgoing(key="m1", message=dataclasses.replace(FAILED, severity=severity)))
    assert receiver.last.json["priority"] == priority


def test_news_about_an_alert(opsgenie: Channel, receiver: Receiver) -> None:
    """What is new counts the alert up, or opens a new one, and is said in a note, because the count says nothing."""
    receipt = opsgenie.send(Outgoing(key="m2", message=FAILED, previous=CREATED))
    assert receipt.reference == {"alias": "3f2a9c"}
    assert targets(receiver) == ["/v2/alerts", "/v2/alerts/3f2a9c/notes?identifierType=alias"]
    assert receiver.last.json["note"].startswith("✕ orders failed")
    assert receiver.requests[0].json["alias"] == "3f2a9c"


@pytest.mark.parametrize(("message", "action"), [(RECOVERED, "close"), (ACKNOWLEDGED, "acknowledge")])
@pytest.mark.parametrize("previous", [CREATED, None])
def test_close_and_acknowledge(
    message: Any, action: str, previous: Receipt | None, opsgenie: Channel, receiver: Receiver
) -> None:
    """An alert is closed and acknowledged under its alias, with a note that says why."""
    opsgenie.send(Outgoing(key="m2", message=message, previous=previous))
    assert targets(receiver) == [f"/v2/alerts/3f2a9c/{action}?identifierType=alias"]
    assert message.title in receiver.last.json["note"]


def test_receipt_of_another_channel(opsgenie: Channel, receiver: Receiver) -> None:
    """Where the name of the channel was that of a Slack channel before, the alert is not there yet."""
    opsgenie.send(Outgoing(key="m2", message=FAILED, previous=Receipt(reference={"channel": "C1", "ts": "17.001"})))
    assert targets(receiver) == ["/v2/alerts"]


def test_plain_message_is_an_alert_of_its_own(opsgenie: Channel, receiver: Receiver) -> None:
    """A message without an alert is created under its own key, which is the same when it is sent twice."""
    opsgenie.send(Outgoing(key="m1", message=NOTE))
    assert targets(receiver) == ["/v2/alerts"]
    assert (receiver.last.json["alias"], receiver.last.json["priority"]) == ("m1", "P5")


def test_alias_in_an_address(opsgenie: Channel, receiver: Receiver) -> None:
    """An alias of any letters names the alert and nothing else."""
    opsgenie.send(Outgoing(key="m1", message=dataclasses.replace(RECOVERED, alert_id="a/b?c")))
    assert targets(receiver) == ["/v2/alerts/a%2Fb%3Fc/close?identifierType=alias"]


def test_jira_service_management(receiver: Receiver) -> None:
    """Another address is all that differs; a path in it stays."""
    receiver.answers(TAKEN)
    address = f"http://localhost:{receiver.port}/jsm/ops/integration/"
    make_channel("opsgenie", {"api_key": KEY, "api_url": address}).send(FIRST)
    assert targets(receiver) == ["/jsm/ops/integration/v2/alerts"]


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("plain", [False, True])
def test_every_message_fits(name: str, opsgenie: Channel, receiver: Receiver, *, plain: bool) -> None:
    """Long, hostile and empty messages stay within the limits."""
    previous = CREATED if name == "long" else None
    opsgenie.send(Outgoing(key="m" * 600, message=SAMPLES[name], plain=plain, previous=previous))
    for request in receiver.requests:
        check(request.json)


def test_what_is_left_out_is_counted(opsgenie: Channel, receiver: Receiver) -> None:
    """A cut title stands in full in the description, and a cut description says so."""
    opsgenie.send(Outgoing(key="m1", message=LONG))
    body = receiver.last.json
    assert body["message"].endswith("characters left out")
    assert LONG.title.strip() in body["description"]
    assert "characters left out" in body["description"]


def test_plain_form(opsgenie: Channel, receiver: Receiver) -> None:
    """A refused alert is sent again with title, alias and priority, and a refused note is short."""
    opsgenie.send(Outgoing(key="m1", message=LONG, plain=True, previous=Receipt(reference={"alias": "ffff00"})))
    created, noted = receiver.requests
    assert set(created.json) == {"message", "alias", "priority"}
    assert len(noted.json["note"]) <= 1_000


def test_nothing_is_read_as_a_tag(opsgenie: Channel, receiver: Receiver) -> None:
    """Descriptions are shown as HTML: what looks like a tag stays readable, and no link comes out of an exception."""
    text = 'File "a.py", in <module>\n<a href="https://evil.example">log in</a> <!-- 1 < 2 and 3 <4'
    opsgenie.send(Outgoing(key="m1", message=dataclasses.replace(FAILED, title=f"{text}", blocks=(Code(code=text),))))
    body = receiver.last.json
    assert "in < module>" in body["description"]
    assert '< a href="https://evil.example">log in< /a> < !-- 1 < 2 and 3 <4' in body["description"]
    assert "< a href" in body["message"]


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (401, "API key is invalid or integration is disabled", "put the key of an API integration that is switched on"),
        (402, "Payment required", "the plan of the account does not include alerts over the API"),
        (403, "To perform this action, use an API key from an API integration.", "let that integration create"),
        (422, "Key format is not valid!", "it has the form of no key"),
    ],
)
def test_refused_key(status: int, body: str, hint: str, opsgenie: Channel, receiver: Receiver) -> None:
    """An answer that is about the key disables the channel and says which key is wanted."""
    receiver.answers(answer(status, {"message": body, "took": 0.0, "requestId": "a574eb09"}))
    with pytest.raises(DeliveryError, match=f"the key was refused: the answer was {status}") as caught:
        opsgenie.send(FIRST)
    assert (caught.value.permanent, caught.value.payload, caught.value.status) == (True, False, status)
    assert hint in caught.value.hint
    assert body in caught.value.answer


@pytest.mark.parametrize(
    ("status", "permanent", "payload"),
    [
        # The request is refused, and is sent again in the plain form.
        (400, True, True),
        (413, True, True),
        (422, True, True),
        # Later.
        (429, False, False),
        (500, False, False),
        (503, False, False),
        # The address is another one.
        (404, True, False),
    ],
)
def test_errors(status: int, opsgenie: Channel, receiver: Receiver, *, permanent: bool, payload: bool) -> None:
    """What is answered says whether the request is sent again, and how."""
    receiver.answers(answer(status, {"message": "Request body is not processable."}, retry_after="7"))
    with pytest.raises(DeliveryError) as caught:
        opsgenie.send(FIRST)
    assert (caught.value.permanent, caught.value.payload) == (permanent, payload)
    assert caught.value.retry_after == (None if permanent else 7)


def test_note_that_fails_is_sent_again(opsgenie: Channel, receiver: Receiver) -> None:
    """If only the note fails, both are sent again: the alert is counted once more, and none is made twice."""
    receiver.answers(TAKEN, answer(503), TAKEN)
    outgoing = Outgoing(key="m2", message=FAILED, previous=CREATED)
    with pytest.raises(DeliveryError):
        opsgenie.send(outgoing)
    opsgenie.send(outgoing)
    assert [request.json.get("alias") for request in receiver.requests] == ["3f2a9c", None, "3f2a9c", None]


def test_budget_covers_both_requests(opsgenie: Channel, receiver: Receiver) -> None:
    """Alert and note share the time of one message."""
    receiver.answers(TAKEN, silence)
    with pytest.raises(DeliveryError, match="it took too long"):
        opsgenie.send(Outgoing(key="m2", message=FAILED, previous=CREATED, budget=0.5))
