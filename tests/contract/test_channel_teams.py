"""Teams, against a server that answers as a workflow does."""

from __future__ import annotations

import dataclasses

import pytest

from receiver import Receiver, answer
from sample_messages import FAILED, RECOVERED
from teams_limits import complaints, shown
from tocsin.channels.base import Channel, Outgoing
from tocsin.channels.formats import adaptive_card
from tocsin.channels.registry import check_settings, make_channel
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

FIRST = Outgoing(key="m1", message=FAILED)
SIG = "s3cr3t-signature-of-43-characters-in-the-end"


@pytest.fixture
def teams(receiver: Receiver) -> Channel:
    """A workflow whose address has its key in the query, as all have."""
    url = f"http://localhost:{receiver.port}/workflows/a1/triggers/manual/paths/invoke?api-version=1&sp=run&sig={SIG}"
    return make_channel("teams", {"webhook_url": url})


def test_posts_a_card(teams: Channel, receiver: Receiver) -> None:
    """A workflow gets one card as JSON, and its 202 is all that there is to know."""
    receiver.answers(answer(202))
    assert teams.send(FIRST) == Receipt(status=202)
    assert receiver.last.target.endswith(f"/invoke?api-version=1&sp=run&sig={SIG}")
    assert receiver.last.headers["content-type"] == "application/json; charset=utf-8"
    assert receiver.last.json == adaptive_card.payload(FAILED)
    assert complaints(receiver.last.json) == []


def test_posts_a_plain_card(teams: Channel, receiver: Receiver) -> None:
    """After Teams refused the card, the message goes out as text in a card of its own."""
    teams.send(dataclasses.replace(FIRST, plain=True))
    [block] = receiver.last.json["attachments"][0]["content"]["body"]
    assert block["type"] == "RichTextBlock"
    assert "Why: HTTPError" in shown(receiver.last.json)


def test_posts_what_is_new_as_a_message(teams: Channel, receiver: Receiver) -> None:
    """A workflow does not say where a message went, so that what is new is one more."""
    teams.send(dataclasses.replace(FIRST, message=RECOVERED, previous=Receipt(reference={"message_id": "7"})))
    assert receiver.last.json == adaptive_card.payload(RECOVERED)


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (400, "WorkflowTriggerIsNotEnabled", "turn the workflow on, in the Workflows app of Teams"),
        (400, "TriggerInputSchemaMismatch", 'make the workflow from the template "Send webhook alerts to a channel"'),
        (400, "MissingApiVersionParameter", "copy the address anew from the workflow's trigger, the whole of it"),
        (401, "AuthorizationFailed", "copy the address anew from the workflow's trigger, the whole of it"),
        (401, "DirectApiAuthorizationRequired", "let anyone trigger the workflow, or copy the address anew"),
        (404, "WorkflowNotFound", "the workflow was removed: make a new one"),
        (403, "SomethingElse", "check the key or token in the channel's settings"),
    ],
)
def test_what_the_workflow_refuses(status: int, code: str, hint: str, teams: Channel, receiver: Receiver) -> None:
    """A workflow that is gone, off or of another kind refuses all messages, also where it answers 400."""
    receiver.answers(answer(status, {"error": {"code": code, "message": f"The key {SIG} is not good"}}))
    with pytest.raises(DeliveryError) as caught:
        teams.send(FIRST)
    got = caught.value
    assert (got.permanent, got.payload, got.status) == (True, False, status)
    assert got.hint.startswith(hint)
    assert SIG not in f"{got}{got.hint}{got.answer}"


@pytest.mark.parametrize("status", [400, 413])
def test_a_refused_card_is_sent_in_plain(status: int, teams: Channel, receiver: Receiver) -> None:
    """Any other refusal is about the message, which is sent once more as text."""
    receiver.answers(answer(status, {"error": {"code": "InvalidRequestContent"}}))
    with pytest.raises(DeliveryError) as caught:
        teams.send(FIRST)
    assert (caught.value.permanent, caught.value.payload) == (True, True)


def test_a_connector_is_refused_in_the_settings() -> None:
    """The address of an Office 365 connector is told apart before a message is lost in it."""
    url = "https://example.webhook.office.com/webhookb2/s3cr3t"
    assert check_settings("teams", {"webhook_url": url})[1] == [
        "webhook_url is that of an Office 365 connector, which Microsoft has retired; make a workflow instead"
    ]
