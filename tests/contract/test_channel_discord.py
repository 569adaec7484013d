"""Discord, against a server that answers as Discord does."""

from __future__ import annotations

import dataclasses

import pytest

from discord_limits import complaints
from receiver import Receiver, Reply, answer, silence
from sample_messages import ACKNOWLEDGED, FAILED, NOTE, RECOVERED
from tocsin.channels.base import Channel, Outgoing
from tocsin.channels.formats import discord_embed
from tocsin.channels.registry import check_settings, make_channel
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

HOOK = "https://discord.com/api/webhooks/1/s3cr3t"
POSTED = answer(200, {"id": "901", "channel_id": "5", "content": ""})
NEWS = answer(200, {"id": "902", "channel_id": "5", "content": ""})
FIRST = Outgoing(key="m1", message=FAILED)
NEXT = Outgoing(key="m2", message=RECOVERED, previous=Receipt(reference={"message_id": "901"}))


@pytest.fixture
def discord(receiver: Receiver) -> Channel:
    """A webhook whose Discord is the receiver."""
    return make_channel("discord", {"webhook_url": f"http://localhost:{receiver.port}/api/webhooks/1/s3cr3t/"})


def refused(status: int, code: int) -> Reply:
    """Answer with an error as Discord words it."""
    return answer(status, {"message": "as Discord says", "code": code})


def calls(receiver: Receiver) -> list[str]:
    """Return what was asked of Discord."""
    return [f"{each.method} {each.target.removeprefix('/api/webhooks/1/s3cr3t')}" for each in receiver.requests]


def test_posts(discord: Channel, receiver: Receiver) -> None:
    """The first message about an alert is posted, and the receipt remembers which it is."""
    receiver.answers(POSTED)
    assert discord.send(FIRST).reference == {"message_id": "901"}
    assert calls(receiver) == ["POST ?wait=true"]
    assert receiver.last.json == discord_embed.payload(FAILED)
    assert complaints(receiver.last.json) == []


def test_posts_plain_text(discord: Channel, receiver: Receiver) -> None:
    """After Discord refused the embed, the message goes out as text without one."""
    receiver.answers(POSTED)
    discord.send(dataclasses.replace(FIRST, plain=True))
    assert receiver.last.json["embeds"] == []
    assert "Why\\: HTTPError" in receiver.last.json["content"]
    assert complaints(receiver.last.json) == []


def test_changes_and_posts_the_news(discord: Channel, receiver: Receiver) -> None:
    """What is new changes the first message, and is said in a short new one, as a change notifies nobody."""
    receiver.answers(POSTED, NEWS)
    assert discord.send(NEXT).reference == {"message_id": "901"}
    assert calls(receiver) == ["PATCH /messages/901", "POST ?wait=true"]
    assert [each.json for each in receiver.requests] == [
        discord_embed.payload(RECOVERED),
        discord_embed.news(RECOVERED),
    ]


def test_acknowledgement_is_quiet(discord: Channel, receiver: Receiver) -> None:
    """Who took the problem knows it: the message changes, and nobody is notified."""
    receiver.answers(POSTED)
    discord.send(dataclasses.replace(NEXT, message=ACKNOWLEDGED))
    assert calls(receiver) == ["PATCH /messages/901"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        # Deleted, or posted through another webhook.
        (404, 10008),
        # Changed too often since it is an hour old; Discord does not document with which status it says so.
        (400, 30046),
        (429, 30046),
        # In an archived thread.
        (400, 50083),
    ],
)
def test_first_message_that_cannot_be_changed(status: int, code: int, discord: Channel, receiver: Receiver) -> None:
    """A new message takes its place, and later ones refer to that."""
    receiver.answers(refused(status, code), NEWS)
    assert discord.send(NEXT).reference == {"message_id": "902"}
    assert calls(receiver) == ["PATCH /messages/901", "POST ?wait=true"]
    assert receiver.last.json == discord_embed.payload(RECOVERED)


@pytest.mark.parametrize(
    "previous", [Receipt(), Receipt(reference={"ts": "17.001"}), Receipt(reference={"message_id": "../1"})]
)
def test_first_message_that_cannot_be_named(previous: Receipt, discord: Channel, receiver: Receiver) -> None:
    """After a change of the channel's type there is nothing to change, and the message is posted."""
    receiver.answers(POSTED)
    discord.send(dataclasses.replace(NEXT, previous=previous))
    assert calls(receiver) == ["POST ?wait=true"]


def test_news_that_fail_are_sent_again(discord: Channel, receiver: Receiver) -> None:
    """If only the short message fails, the whole is tried again; a repeated change does no harm."""
    receiver.answers(POSTED, answer(503), POSTED, NEWS)
    with pytest.raises(DeliveryError) as caught:
        discord.send(NEXT)
    assert not caught.value.permanent
    discord.send(NEXT)
    assert calls(receiver) == ["PATCH /messages/901", "POST ?wait=true"] * 2


def test_an_answer_without_an_id(discord: Channel, receiver: Receiver) -> None:
    """A gateway that says no more than 204 has taken the message, which cannot be changed later."""
    receiver.answers(answer(204))
    assert discord.send(FIRST) == Receipt(status=204)


@pytest.mark.parametrize(
    ("settings", "query"),
    [
        ({"webhook_url": "/api/webhooks/1/s3cr3t?thread_id=7"}, "thread_id=7"),
        ({"webhook_url": "/api/webhooks/1/s3cr3t", "thread_id": "8"}, "thread_id=8"),
        # What is set by itself counts more than what stands in the address.
        ({"webhook_url": "/api/webhooks/1/s3cr3t?wait=false&thread_id=7", "thread_id": "8"}, "thread_id=8"),
    ],
)
def test_thread(settings: dict[str, str], query: str, receiver: Receiver) -> None:
    """In a thread, the message is posted and changed there."""
    settings = {**settings, "webhook_url": f"http://localhost:{receiver.port}{settings['webhook_url']}"}
    channel = make_channel("discord", settings)
    receiver.answers(POSTED)
    channel.send(FIRST)
    channel.send(dataclasses.replace(NEXT, message=ACKNOWLEDGED))
    post, patch = calls(receiver)
    assert sorted(post.removeprefix("POST ?").split("&")) == [query, "wait=true"]
    assert patch.startswith("PATCH /messages/901?")
    assert query in patch


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (404, 10015, "make a new webhook in Discord (Edit Channel, Integrations, Webhooks)"),
        (401, 50027, "copy the webhook's address anew from Discord (Edit Channel, Integrations, Webhooks)"),
        (404, 10003, "check thread_id: there is no such thread in the webhook's channel"),
        (400, 160005, "unlock the thread in Discord, or configure another thread_id"),
        (400, 220001, "the webhook belongs to a forum: set thread_id to the thread that messages belong into"),
    ],
)
def test_what_discord_refuses(status: int, code: int, hint: str, discord: Channel, receiver: Receiver) -> None:
    """A webhook that is gone or in the wrong place takes no message at all, also where Discord answers 400."""
    receiver.answers(refused(status, code))
    with pytest.raises(DeliveryError) as caught:
        discord.send(NEXT)
    assert (caught.value.permanent, caught.value.payload, caught.value.hint) == (True, False, hint)
    assert len(receiver.requests) == 1


def test_a_refused_embed_is_sent_in_plain(discord: Channel, receiver: Receiver) -> None:
    """A form body that Discord finds invalid, however long it complains, is about the message."""
    receiver.answers(answer(400, {"message": "Invalid Form Body", "code": 50035, "errors": {"embeds": "x" * 2_000}}))
    with pytest.raises(DeliveryError) as caught:
        discord.send(FIRST)
    assert (caught.value.permanent, caught.value.payload) == (True, True)


def test_waits_as_long_as_discord_says(discord: Channel, receiver: Receiver) -> None:
    """A 429 with decimal seconds in its JSON is waited for."""
    receiver.answers(answer(429, {"message": "You are being rate limited.", "retry_after": 0.65, "global": False}))
    with pytest.raises(DeliveryError) as caught:
        discord.send(FIRST)
    assert (caught.value.permanent, caught.value.retry_after) == (False, 0.65)


def test_budget_covers_both_calls(discord: Channel, receiver: Receiver) -> None:
    """The change and the news share the time of one message."""
    receiver.answers(POSTED, silence)
    with pytest.raises(DeliveryError, match="it took too long"):
        discord.send(dataclasses.replace(NEXT, budget=0.5))


def test_plain_message_of_a_user(discord: Channel, receiver: Receiver) -> None:
    """A message without an alert is posted like any other."""
    receiver.answers(POSTED)
    discord.send(Outgoing(key="m3", message=NOTE))
    assert complaints(receiver.last.json) == []


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            {"webhook_url": f"{HOOK}/slack"},
            "webhook_url ends in /slack, where Discord takes another format; remove that end",
        ),
        (
            {"webhook_url": f"{HOOK}/github/"},
            "webhook_url ends in /github, where Discord takes another format; remove that end",
        ),
        (
            {"webhook_url": HOOK, "thread_id": "#ops"},
            'thread_id = "#ops" is no id; use the number that Copy Thread ID gives in Discord',
        ),
    ],
)
def test_problems(settings: dict[str, str], problem: str) -> None:
    """Each problem says what was found and what to write, and shows no secret."""
    assert check_settings("discord", settings)[1] == [problem]
