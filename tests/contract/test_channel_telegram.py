"""Telegram, against a server that answers as the Bot API does."""

from __future__ import annotations

import dataclasses

import pytest

from receiver import Connection, Receiver, Reply, answer, silence
from sample_messages import ACKNOWLEDGED, FAILED, NOTE, RECOVERED
from telegram_limits import complaints
from tocsin.channels.base import Channel, Outgoing
from tocsin.channels.formats import telegram_text
from tocsin.channels.registry import check_settings, make_channel
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

TOKEN = "123456789:AAs3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3"
PLACE = {"chat_id": "-100", "message_id": "17"}
FIRST = Outgoing(key="m1", message=FAILED)
NEXT = Outgoing(key="m2", message=RECOVERED, previous=Receipt(reference=PLACE))


def written(number: int, chat: int = -100) -> Reply:
    """Answer as to a message that was written or changed."""
    return answer(200, {"ok": True, "result": {"message_id": number, "chat": {"id": chat, "type": "supergroup"}}})


def refused(status: int, description: str, **parameters: object) -> Reply:
    """Answer with an error as Telegram words it."""
    said = {"ok": False, "error_code": status, "description": description}
    return answer(status, {**said, "parameters": parameters} if parameters else said)


def make(receiver: Receiver, **settings: str) -> Channel:
    """Return a bot whose Telegram is the receiver."""
    url = f"http://localhost:{receiver.port}/"
    return make_channel("telegram", {"bot_token": TOKEN, "chat_id": "-100", "api_url": url, **settings})


def methods(receiver: Receiver) -> list[str]:
    """Return the methods of the Bot API that were called."""
    return [request.target.removeprefix(f"/bot{TOKEN}/") for request in receiver.requests]


def test_writes(receiver: Receiver) -> None:
    """The first message about an alert is written, and the receipt remembers where it is."""
    receiver.answers(written(17))
    assert make(receiver).send(FIRST).reference == PLACE
    assert receiver.last.target == f"/bot{TOKEN}/sendMessage"
    assert receiver.last.json == {**telegram_text.payload(FAILED), "chat_id": "-100"}
    assert complaints(receiver.last.json) == []


def test_writes_plain_text(receiver: Receiver) -> None:
    """After Telegram refused the message, it goes out as one block of code, without buttons."""
    receiver.answers(written(17))
    make(receiver).send(dataclasses.replace(FIRST, plain=True))
    sent = receiver.last.json
    assert [entity["type"] for entity in sent["entities"]] == ["pre"]
    assert "reply_markup" not in sent
    assert complaints(sent) == []


def test_changes_and_replies(receiver: Receiver) -> None:
    """What is new changes the first message, and is said in a reply to it, as a change notifies nobody."""
    receiver.answers(written(17), written(18))
    assert make(receiver).send(NEXT).reference == PLACE
    assert methods(receiver) == ["editMessageText", "sendMessage"]
    change, reply = (request.json for request in receiver.requests)
    assert change == {**telegram_text.payload(RECOVERED), "chat_id": "-100", "message_id": 17}
    to = {"chat_id": "-100", "message_id": 17, "allow_sending_without_reply": True}
    assert reply == {**telegram_text.news(RECOVERED), "chat_id": "-100", "reply_parameters": to}


def test_acknowledgement_is_quiet(receiver: Receiver) -> None:
    """Who took the problem knows it: the message changes, and nobody is notified."""
    receiver.answers(written(17))
    make(receiver).send(dataclasses.replace(NEXT, message=ACKNOWLEDGED))
    assert methods(receiver) == ["editMessageText"]


def test_topic(receiver: Receiver) -> None:
    """In a group with topics, the message and the replies to it stand in the topic."""
    receiver.answers(written(17))
    bot = make(receiver, topic_id="42")
    bot.send(FIRST)
    bot.send(NEXT)
    assert [request.json.get("message_thread_id") for request in receiver.requests] == [42, None, 42]


def test_change_that_has_arrived_already(receiver: Receiver) -> None:
    """After an answer that was lost, Telegram finds nothing to change; that is no failure, and the reply goes out."""
    receiver.answers(refused(400, "Bad Request: message is not modified: specified new message content"), written(18))
    assert make(receiver).send(NEXT).reference == PLACE
    assert methods(receiver) == ["editMessageText", "sendMessage"]


@pytest.mark.parametrize(
    "description",
    [
        "Bad Request: message to edit not found",
        "Bad Request: message can't be edited",
        "Bad Request: MESSAGE_ID_INVALID",
    ],
)
def test_first_message_that_is_gone(description: str, receiver: Receiver) -> None:
    """Where the first message cannot be changed, a new one takes its place, and later ones refer to that."""
    receiver.answers(refused(400, description), written(20))
    assert make(receiver).send(NEXT).reference == {"chat_id": "-100", "message_id": "20"}
    assert methods(receiver) == ["editMessageText", "sendMessage"]
    assert receiver.last.json == {**telegram_text.payload(RECOVERED), "chat_id": "-100"}


@pytest.mark.parametrize("previous", [Receipt(), Receipt(reference={"message_id": "17"})])
def test_first_message_that_cannot_be_named(previous: Receipt, receiver: Receiver) -> None:
    """After a change of the channel's type there is nothing to change, and the message is written."""
    receiver.answers(written(17))
    make(receiver).send(dataclasses.replace(NEXT, previous=previous))
    assert methods(receiver) == ["sendMessage"]


MOVED = refused(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-100987)


def test_group_that_became_a_supergroup(receiver: Receiver) -> None:
    """The message goes to where the group has moved, and the delivery log says what to configure."""
    receiver.answers(MOVED, written(17, chat=-100987))
    receipt = make(receiver).send(FIRST)
    assert [request.json["chat_id"] for request in receiver.requests] == ["-100", "-100987"]
    assert receipt.reference == {"chat_id": "-100987", "message_id": "17"}
    assert receipt.answer.startswith("The group has become a supergroup: set chat_id to -100987. {")


def test_group_that_became_a_supergroup_in_between(receiver: Receiver) -> None:
    """A message of the old group cannot be changed any more, and a new one is written into the new group."""
    receiver.answers(MOVED, MOVED, written(1, chat=-100987))
    assert make(receiver).send(NEXT).reference == {"chat_id": "-100987", "message_id": "1"}
    assert methods(receiver) == ["editMessageText", "sendMessage", "sendMessage"]


def test_reply_that_fails_is_sent_again(receiver: Receiver) -> None:
    """If only the reply fails, the whole is tried again; a repeated change does no harm."""
    receiver.answers(written(17), answer(502), written(17), written(18))
    bot = make(receiver)
    with pytest.raises(DeliveryError) as caught:
        bot.send(NEXT)
    assert not caught.value.permanent
    bot.send(NEXT)
    assert methods(receiver) == ["editMessageText", "sendMessage"] * 2


@pytest.mark.parametrize(
    ("status", "description", "hint"),
    [
        (401, "Unauthorized", "put the bot's token, as @BotFather gives it, into the channel's settings"),
        (404, "Not Found", "put the bot's token, as @BotFather gives it, into the channel's settings"),
        (
            400,
            "Bad Request: chat not found",
            "check chat_id (groups have negative numbers), and add the bot to the chat",
        ),
        (403, "Forbidden: bot was blocked by the user", "unblock the bot in Telegram, and start it again"),
        (403, "Forbidden: user is deactivated", "configure the chat_id of somebody who is there"),
        (403, "Forbidden: bot can't initiate conversation with a user", "open the bot in Telegram and press Start"),
        (403, "Forbidden: bot was kicked from the supergroup chat", "add the bot to the chat, and let it write there"),
        (403, "Forbidden: bot is not a member of the channel chat", "add the bot to the chat, and let it write there"),
        (400, "Bad Request: not enough rights to send text messages to the chat", "add the bot to the chat"),
        (400, "Bad Request: have no rights to send a message", "add the bot to the chat, and let it write there"),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN", "add the bot to the chat, and let it write there"),
        (400, "Bad Request: need administrator rights in the channel chat", "make the bot an administrator"),
        (400, "Bad Request: message thread not found", "open the topic in Telegram, or set another topic_id"),
        (400, "Bad Request: TOPIC_CLOSED", "open the topic in Telegram, or set another topic_id"),
        (400, "Bad Request: TOPIC_DELETED", "open the topic in Telegram, or set another topic_id"),
    ],
)
def test_what_telegram_refuses(status: int, description: str, hint: str, receiver: Receiver) -> None:
    """A bot that may not write there can send no message at all, also where Telegram answers 400."""
    receiver.answers(refused(status, description))
    with pytest.raises(DeliveryError) as caught:
        make(receiver).send(FIRST)
    assert (caught.value.permanent, caught.value.payload) == (True, False)
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize(
    "description",
    [
        "Bad Request: message is too long",
        "Bad Request: inline keyboard button URL 'https://a.b' is invalid: Wrong HTTP URL",
        "Bad Request: message to be replied not found",
    ],
)
def test_a_refused_message_is_sent_in_plain(description: str, receiver: Receiver) -> None:
    """Any other 400 is about the message."""
    receiver.answers(refused(400, description))
    with pytest.raises(DeliveryError) as caught:
        make(receiver).send(FIRST)
    assert (caught.value.permanent, caught.value.payload) == (True, True)


def test_waits_as_long_as_telegram_says(receiver: Receiver) -> None:
    """A 429 is waited for as its parameters say."""
    receiver.answers(refused(429, "Too Many Requests: retry after 35", retry_after=35))
    with pytest.raises(DeliveryError) as caught:
        make(receiver).send(FIRST)
    assert (caught.value.permanent, caught.value.retry_after) == (False, 35)


def repeat_the_token(connection: Connection) -> None:
    """Answer with the parts of the address, as a gateway may."""
    assert connection.request is not None
    parts = connection.request.target.split("/")
    secret = TOKEN.partition(":")[2]
    answer(500, f"{parts} {parts[1].removeprefix('bot')} {secret}")(connection)


def repeat_the_token_in_a_success(connection: Connection) -> None:
    """Answer 200 with something that is no answer of Telegram."""
    answer(200, f"<html>{TOKEN}</html>")(connection)


@pytest.mark.parametrize("reply", [repeat_the_token, repeat_the_token_in_a_success])
def test_the_token_is_in_no_error(reply: Reply, receiver: Receiver) -> None:
    """The token stands in the address, and no text of an error shows it or its secret part."""
    receiver.answers(reply)
    with pytest.raises(DeliveryError) as caught:
        make(receiver).send(FIRST)
    got = caught.value
    assert "s3cr3t" not in f"{got} {got.hint} {got.answer} {got.__cause__!r} {got.__context__!r}"


@pytest.mark.parametrize("url", ["http://localhost:1", "http://localhost:1/a b", "https://[::1]:1"])
def test_the_token_is_in_no_error_of_a_connection(url: str, receiver: Receiver) -> None:
    """Also where nothing can be sent, the address is shown without its path."""
    with pytest.raises(DeliveryError) as caught:
        make(receiver, api_url=url).send(FIRST)
    got = caught.value
    assert "s3cr3t" not in f"{got} {got.hint} {got.answer} {got.__cause__!r}"


def test_budget_covers_both_calls(receiver: Receiver) -> None:
    """The change and the reply share the time of one message."""
    receiver.answers(written(17), silence)
    with pytest.raises(DeliveryError, match="it took too long"):
        make(receiver).send(dataclasses.replace(NEXT, budget=0.5))


def test_plain_message_of_a_user(receiver: Receiver) -> None:
    """A message without an alert is written like any other, also to a channel by its name."""
    receiver.answers(written(17))
    make(receiver, chat_id="@ops_news").send(Outgoing(key="m3", message=NOTE))
    assert receiver.last.json["chat_id"] == "@ops_news"
    assert complaints(receiver.last.json) == []


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (
            {"bot_token": f"bot{TOKEN}"},
            "bot_token is not of the form 123456789:AA…; copy it from @BotFather, without anything before",
        ),
        ({"chat_id": "ops"}, 'chat_id = "ops" is no chat; use its number, for example -1001234567890, or @name'),
        ({"topic_id": "Ops"}, 'topic_id = "Ops" is no topic; use its number, for example 42'),
    ],
)
def test_problems(changed: dict[str, str], problem: str) -> None:
    """Each problem says what was found and what to write, and shows no secret."""
    assert check_settings("telegram", {"bot_token": TOKEN, "chat_id": "-100", **changed})[1] == [problem]
