"""Slack as a webhook and as a bot, against a server that answers as Slack does."""

from __future__ import annotations

import dataclasses

import pytest

from receiver import Receiver, answer, silence
from sample_messages import ACKNOWLEDGED, FAILED, NOTE, RECOVERED
from slack_limits import complaints
from tocsin.channels.base import Outgoing
from tocsin.channels.formats import block_kit
from tocsin.channels.registry import make_channel
from tocsin.channels.slack import Slack
from tocsin.core.message import Code, Paragraph
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

POSTED = answer(200, {"ok": True, "channel": "C1", "ts": "17.001"})
REPLIED = answer(200, {"ok": True, "channel": "C1", "ts": "17.002"})
FIRST = Outgoing(key="m1", message=FAILED)
NEXT = Outgoing(key="m2", message=RECOVERED, previous=Receipt(reference={"channel": "C1", "ts": "17.001"}))


@pytest.fixture
def bot(receiver: Receiver) -> Slack:
    """A bot whose Slack is the receiver."""
    channel = make_channel(
        "slack",
        {"bot_token": "xoxb-1", "channel": "#ops", "api_url": f"http://localhost:{receiver.port}/api/"},
    )
    assert isinstance(channel, Slack)
    return channel


def methods(receiver: Receiver) -> list[str]:
    """Return the methods of the Web API that were called."""
    return [request.target.removeprefix("/api/") for request in receiver.requests]


def test_webhook_posts_blocks(receiver: Receiver) -> None:
    """A webhook gets the blocks as JSON, and its receipt refers to nothing, as Slack does not say where it went."""
    receipt = make_channel("slack", {"webhook_url": receiver.url}).send(FIRST)
    assert receipt == Receipt(status=200, answer="ok")
    assert receiver.last.headers["content-type"] == "application/json"
    assert receiver.last.json == block_kit.payload(FAILED)
    assert complaints(receiver.last.json) == []


def test_webhook_posts_plain_text(receiver: Receiver) -> None:
    """After Slack refused the blocks, the message goes out as text."""
    make_channel("slack", {"webhook_url": receiver.url}).send(dataclasses.replace(FIRST, plain=True))
    assert set(receiver.last.json) == {"text", "unfurl_links", "unfurl_media", "link_names", "mrkdwn"}
    assert "Why: HTTPError" in receiver.last.json["text"]


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (403, "invalid_token", "make a new webhook for a channel that exists (api.slack.com/apps, Incoming Webhooks)"),
        (404, "no_service", "make a new webhook for a channel that exists (api.slack.com/apps, Incoming Webhooks)"),
        (410, "channel_is_archived", "unarchive the channel in Slack, or configure another one"),
        (403, "something else", "check the key or token in the channel's settings, and what it may do"),
    ],
)
def test_webhook_errors_carry_a_hint(status: int, body: str, hint: str, receiver: Receiver) -> None:
    """What Slack says against a webhook comes with what to do about it."""
    receiver.answers(answer(status, body))
    with pytest.raises(DeliveryError) as caught:
        make_channel("slack", {"webhook_url": receiver.url}).send(FIRST)
    assert (caught.value.hint, caught.value.answer, caught.value.permanent) == (hint, body, True)


def test_bot_posts(bot: Slack, receiver: Receiver) -> None:
    """The first message about an alert is posted, and the receipt remembers where it is."""
    receiver.answers(POSTED)
    receipt = bot.send(FIRST)
    assert receipt.reference == {"channel": "C1", "ts": "17.001"}
    assert receiver.last.target == "/api/chat.postMessage"
    assert receiver.last.headers["authorization"] == "Bearer xoxb-1"
    assert receiver.last.json == {**block_kit.payload(FAILED), "channel": "#ops"}


def test_bot_updates_and_replies(bot: Slack, receiver: Receiver) -> None:
    """What is new changes the first message, and is said in its thread and shown in the channel."""
    receiver.answers(POSTED, REPLIED)
    receipt = bot.send(NEXT)
    assert receipt.reference == {"channel": "C1", "ts": "17.001"}
    update, reply = receiver.requests
    assert methods(receiver) == ["chat.update", "chat.postMessage"]
    assert update.json == {**block_kit.payload(RECOVERED), "channel": "C1", "ts": "17.001"}
    assert reply.json["text"].startswith("✓ orders recovered\nWhat: run 8d1f loaded 1,204 rows")
    assert (reply.json["channel"], reply.json["thread_ts"], reply.json["reply_broadcast"]) == ("C1", "17.001", True)
    assert "blocks" not in reply.json


def test_bot_updates_in_plain_text(bot: Slack, receiver: Receiver) -> None:
    """An update in plain text takes the place of the blocks that were there."""
    receiver.answers(POSTED, REPLIED)
    bot.send(dataclasses.replace(NEXT, plain=True))
    assert receiver.requests[0].json["blocks"] == receiver.requests[0].json["attachments"] == []


def test_acknowledgement_only_updates(bot: Slack, receiver: Receiver) -> None:
    """Who took the problem knows it: the message changes, and nobody is notified."""
    receiver.answers(POSTED)
    bot.send(dataclasses.replace(NEXT, message=ACKNOWLEDGED))
    assert methods(receiver) == ["chat.update"]


@pytest.mark.parametrize("previous", [Receipt(), Receipt(reference={"ts": "17.001"}), Receipt(reference={"id": "7"})])
def test_first_message_that_cannot_be_named(previous: Receipt, bot: Slack, receiver: Receiver) -> None:
    """After a change from a webhook to a bot there is nothing to update, and the message is posted."""
    receiver.answers(POSTED)
    bot.send(dataclasses.replace(NEXT, previous=previous))
    assert methods(receiver) == ["chat.postMessage"]


@pytest.mark.parametrize("error", ["message_not_found", "edit_window_closed", "cant_update_message"])
def test_first_message_that_is_gone(error: str, bot: Slack, receiver: Receiver) -> None:
    """Where the first message was deleted or is closed, a new one takes its place, and later ones refer to that."""
    receiver.answers(answer(200, {"ok": False, "error": error}), answer(200, {"ok": True, "channel": "C1", "ts": "20"}))
    assert bot.send(NEXT).reference == {"channel": "C1", "ts": "20"}
    assert methods(receiver) == ["chat.update", "chat.postMessage"]
    assert receiver.last.json == {**block_kit.payload(RECOVERED), "channel": "#ops"}


def test_thread_that_is_closed(bot: Slack, receiver: Receiver) -> None:
    """Where the thread takes no reply, the news is posted to the channel."""
    closed = answer(200, {"ok": False, "error": "cannot_reply_to_message"})
    receiver.answers(POSTED, closed, answer(200, {"ok": True, "channel": "C1", "ts": "20"}))
    assert bot.send(NEXT).reference["ts"] == "20"
    assert methods(receiver) == ["chat.update", "chat.postMessage", "chat.postMessage"]


def test_reply_that_fails_is_sent_again(bot: Slack, receiver: Receiver) -> None:
    """If only the reply fails, the whole is tried again; a repeated update does no harm."""
    receiver.answers(POSTED, answer(503), POSTED, REPLIED)
    with pytest.raises(DeliveryError) as caught:
        bot.send(NEXT)
    assert not caught.value.permanent
    bot.send(NEXT)
    assert methods(receiver) == ["chat.update", "chat.postMessage"] * 2


@pytest.mark.parametrize(
    ("error", "permanent", "payload", "ambiguous"),
    [
        # We are refused.
        ("channel_not_found", True, False, False),
        ("not_in_channel", True, False, False),
        ("invalid_auth", True, False, False),
        ("token_revoked", True, False, False),
        ("missing_scope", True, False, False),
        # The message is refused.
        ("msg_blocks_too_long", True, True, False),
        ("invalid_blocks", True, True, False),
        ("no_text", True, True, False),
        # Later; with the first two it may have been posted.
        ("fatal_error", False, False, True),
        ("internal_error", False, False, True),
        ("ratelimited", False, False, False),
        ("service_unavailable", False, False, False),
        # Not known here: a channel is not disabled by a word that nobody has read.
        ("new_error_of_2030", False, False, False),
    ],
)
def test_errors_in_a_success(
    error: str, bot: Slack, receiver: Receiver, *, permanent: bool, payload: bool, ambiguous: bool
) -> None:
    """Slack says 200 to failures; what counts is the error's name."""
    receiver.answers(answer(200, {"ok": False, "error": error}, retry_after="3"))
    with pytest.raises(DeliveryError) as caught:
        bot.send(FIRST)
    got = caught.value
    assert str(got) == f"Slack answered {error}"
    assert (got.permanent, got.payload, got.ambiguous) == (permanent, payload, ambiguous)
    assert (got.status, got.retry_after) == (200, 3)
    assert bool(got.hint) == (permanent and not payload)


def test_webhook_url_of_the_web_api(receiver: Receiver) -> None:
    """A webhook that answers like the Web API is not taken for a success."""
    receiver.answers(answer(200, {"ok": False, "error": "invalid_auth"}))
    with pytest.raises(DeliveryError, match="Slack answered invalid_auth"):
        make_channel("slack", {"webhook_url": receiver.url}).send(FIRST)


def test_answer_that_repeats_a_long_message(bot: Slack, receiver: Receiver) -> None:
    """Slack repeats the message in its answer, and its place is found also where that is long and not in ASCII."""
    long = dataclasses.replace(NOTE, blocks=(Paragraph(text="漢" * 2_900), Code(code="😀" * 2_900)), title="題" * 900)
    repeated = {"ok": True, "channel": "C1", "message": block_kit.payload(long), "ts": "17.001"}
    receiver.answers(answer(200, repeated))
    assert bot.send(Outgoing(key="m1", message=long)).reference == {"channel": "C1", "ts": "17.001"}


def test_budget_covers_both_calls(bot: Slack, receiver: Receiver) -> None:
    """Update and reply share the time of one message."""
    receiver.answers(POSTED, silence)
    with pytest.raises(DeliveryError, match="it took too long"):
        bot.send(dataclasses.replace(NEXT, budget=0.5))


def test_plain_message_of_a_user(bot: Slack, receiver: Receiver) -> None:
    """A message without an alert is posted like any other."""
    receiver.answers(POSTED)
    bot.send(Outgoing(key="m3", message=NOTE))
    assert complaints({key: value for key, value in receiver.last.json.items() if key != "channel"}) == []
