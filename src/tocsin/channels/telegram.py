"""Telegram, as a bot."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import ClassVar

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats import telegram_text
from tocsin.channels.http import post
from tocsin.channels.refusal import Answer, excerpt
from tocsin.channels.telegram_errors import explain, is_done_already, is_gone, new_chat
from tocsin.core.message import Message, Tone
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

#: What names a message in Telegram; kept in the receipt of the first one.
_PLACE = ("chat_id", "message_id")
_TOKEN = re.compile(r"\d+:[\w-]{30,}", re.ASCII)
_CHAT = re.compile(r"-?\d+|@\w+", re.ASCII)


class Telegram(Channel):
    """Writes to one chat, group, topic or channel, and keeps one message an alert.

    It is changed in place, and a short reply to it says what is new, because a change notifies nobody. An
    acknowledgement only changes: who took it knows.
    """

    type: ClassVar[str] = "telegram"
    summary: ClassVar[str] = (
        "Telegram: a bot writes to a person, a group or a channel, and updates its messages in place"
    )
    #: core.telegram.org, FAQ for bots: one message a second and chat, twenty a minute and group.
    min_interval: ClassVar[float] = 3.0
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="bot_token",
            help="Token of the bot, from @BotFather.",
            secret=True,
            required=True,
            example="123456789:AA…",
        ),
        Field(
            name="chat_id",
            help="Where to write: the number of a person, group or channel, or @name of a public channel. "
            "Groups and channels have negative numbers.",
            required=True,
            example="-1001234567890",
        ),
        Field(
            name="topic_id",
            help="Write into this topic of a group that has topics.",
            example="42",
        ),
        Field(
            name="api_url",
            help="Address of the Bot API; another one for a server of your own.",
            url=True,
            default="https://api.telegram.org",
        ),
    )
    setup: ClassVar[str] = """
        1. In Telegram, write `/newbot` to [@BotFather](https://t.me/BotFather), answer its questions, and copy the
           token.
        2. Add the bot to the group, or make it an administrator of the channel who may post. For messages to yourself,
           open the bot and press *Start*: a bot may not write first.
        3. Write `/hello` there, open `https://api.telegram.org/botTOKEN/getUpdates` with your token in it, and look
           for `"chat":{"id":…`. In a group with topics, `"message_thread_id"` is the `topic_id`.
        4. Put the token into `.dlt/secrets.toml`, the id into `.dlt/config.toml`, and try it with `tocsin channel test
           ops`.

        A group that becomes a supergroup gets another id. Messages go on to arrive, and the log of deliveries says
        which `chat_id` to set.

        ### Links and limits

        - Links are buttons. Telegram refuses [buttons][buttons] to hosts without a dot, such as `localhost`, so these
          stand in the text.
        - Everything from outside is shown as it is. Telegram makes [something to click][entities] of words by itself,
          so that `@ops` pings and `orders.py` becomes a link. Such words are shown as code, where it does not.
        - A message holds [4,096 characters](https://core.telegram.org/bots/api#sendmessage). What is left out is
          counted, and long tracebacks lose their middle.
        - Telegram takes [one message a second in a chat, and twenty a minute in a group][limits]. Tocsin sends one
          every three seconds, and waits as long as Telegram says.
        - Telegram knows no idempotency key. If it takes a message and the answer is lost, the message may appear
          twice.

        [buttons]: https://core.telegram.org/bots/api#inlinekeyboardbutton
        [entities]: https://core.telegram.org/bots/api#messageentity
        [limits]: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
        """

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        self._token = settings["bot_token"]
        self._chat = settings["chat_id"]
        self._topic = {"message_thread_id": int(settings["topic_id"])} if "topic_id" in settings else {}
        self._api_url = settings["api_url"].rstrip("/")

    @classmethod
    def problems(cls, settings: Mapping[str, str]) -> list[str]:
        """Check the forms of token, chat and topic."""
        problems = []
        if not _TOKEN.fullmatch(settings["bot_token"]):
            problems.append(
                "bot_token is not of the form 123456789:AA…; copy it from @BotFather, without anything before"
            )
        if not _CHAT.fullmatch(chat := settings["chat_id"]):
            problems.append(f'chat_id = "{chat}" is no chat; use its number, for example -1001234567890, or @name')
        if (topic := settings.get("topic_id", "")) and not topic.isdecimal():
            problems.append(f'topic_id = "{topic}" is no topic; use its number, for example 42')
        return problems

    def send(self, outgoing: Outgoing) -> Receipt:
        """Write the message, or change the first one about the same alert."""
        end = time.monotonic() + outgoing.budget
        message = telegram_text.payload(outgoing.message, plain=outgoing.plain)
        first = outgoing.previous.reference if outgoing.previous else {}
        place = {key: first[key] for key in _PLACE if key in first}
        receipt = self._change(message, place, end) if len(place) == len(_PLACE) else None
        if receipt is None:
            return self._write(message, end)
        if outgoing.message.tone is Tone.ACKNOWLEDGED:
            return receipt
        # The change comes first: it can be repeated without harm, should the reply fail.
        return self._reply(outgoing.message, place, end)

    def _change(self, message: Mapping[str, object], place: Mapping[str, str], end: float) -> Receipt | None:
        """Change the first message; None if it is not there any more."""
        try:
            answer = self._call("editMessageText", {**message, **_named(place)}, end)
        except DeliveryError as error:
            if is_gone(error):
                return None
            if is_done_already(error):
                return Receipt(reference=place, status=error.status, answer=error.answer)
            raise
        return Receipt(reference=place, status=answer.status, answer=excerpt(answer))

    def _reply(self, message: Message, place: Mapping[str, str], end: float) -> Receipt:
        """Say what is new, below the first message and with a link to it."""
        first = {**_named(place), "allow_sending_without_reply": True}
        arguments = {
            **telegram_text.news(message),
            **self._topic,
            "chat_id": place["chat_id"],
            "reply_parameters": first,
        }
        answer = self._call("sendMessage", arguments, end)
        return Receipt(reference=place, status=answer.status, answer=excerpt(answer))

    def _write(self, message: Mapping[str, object], end: float) -> Receipt:
        """Write a new message, to where the group has moved if it has."""
        arguments = {**message, **self._topic, "chat_id": self._chat}
        moved = ""
        try:
            answer = self._call("sendMessage", arguments, end)
        except DeliveryError as error:
            if not (chat := new_chat(error)):
                raise
            answer = self._call("sendMessage", {**arguments, "chat_id": chat}, end)
            moved = f"The group has become a supergroup: set chat_id to {chat}. "
        return Receipt(reference=_place(answer), status=answer.status, answer=f"{moved}{excerpt(answer)}")

    def _call(self, method: str, arguments: Mapping[str, object], end: float) -> Answer:
        url = f"{self._api_url}/bot{self._token}/{method}"
        headers = {"Content-Type": "application/json"}
        try:
            answer = post(url, json.dumps(arguments).encode(), headers, budget=end - time.monotonic())
        except DeliveryError as error:
            explain(error)
            raise
        if answer.json.get("ok") is not True:
            msg = "Telegram took the message and gave no answer that can be read"
            raise DeliveryError(
                msg,
                permanent=False,
                ambiguous=True,
                status=answer.status,
                answer=excerpt(answer, secrets=(self._token,)),
            )
        return answer


def _named(place: Mapping[str, str]) -> dict[str, object]:
    """Return what names a message as parameters: Telegram's documentation wants the message's id as a number."""
    return {"chat_id": place["chat_id"], "message_id": int(place["message_id"])}


def _place(answer: Answer) -> dict[str, str]:
    """Return what names the message that Telegram has written."""
    match answer.json.get("result"):
        case {"message_id": int(number), "chat": {"id": int(chat)}}:
            return {"chat_id": str(chat), "message_id": str(number)}
    return {}
