"""Slack, over an incoming webhook or as a bot."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import ClassVar

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats import block_kit
from tocsin.channels.http import post
from tocsin.channels.refusal import Answer, excerpt
from tocsin.channels.slack_errors import GONE, REFUSED, web_api_error
from tocsin.core.message import Message, Tone
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

#: What names a message in Slack; kept in the receipt of the first one.
_PLACE = ("channel", "ts")


class Slack(Channel):
    """Posts to one Slack channel.

    An incoming webhook posts every message anew: Slack does not say where a message went, so it cannot be changed.
    A bot keeps one message an alert: it is updated in place, and what is new is said in its thread and shown in
    the channel too, because an edit alone notifies nobody. An acknowledgement only updates: who took it knows.
    """

    type: ClassVar[str] = "slack"
    summary: ClassVar[str] = "Slack: a webhook posts, a bot also updates its messages in place"
    #: docs.slack.dev, rate limits: one message a second and channel, short bursts are let through.
    min_interval: ClassVar[float] = 1.0
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="webhook_url",
            help="Address of an incoming webhook: the short way. It belongs to one Slack channel. "
            "Make one at api.slack.com/apps, Incoming Webhooks. Not together with bot_token.",
            url=True,
            secret=True,
            example="https://hooks.slack.com/services/T…/B…/…",
        ),
        Field(
            name="bot_token",
            help="Token of a bot, for messages that are updated in place. It needs the scope chat:write. "
            "Make one at api.slack.com/apps, OAuth & Permissions.",
            secret=True,
            example="xoxb-…",
        ),
        Field(
            name="channel",
            help="Where the bot posts: the channel's id (at the end of its details in Slack) or #name. "
            "The bot has to be a member: /invite @APP.",
            example="C0123456789",
        ),
        Field(
            name="api_url",
            help="Address of Slack's Web API; another one only for tests and gateways.",
            url=True,
            default="https://slack.com/api",
        ),
    )

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        self._webhook_url = settings.get("webhook_url", "")
        self._token = settings.get("bot_token", "")
        self._channel = settings.get("channel", "")
        self._api_url = settings["api_url"].rstrip("/")

    @classmethod
    def problems(cls, settings: Mapping[str, str]) -> list[str]:
        """Check that exactly one of the two ways is configured in full."""
        webhook, token = settings.get("webhook_url"), settings.get("bot_token")
        if webhook and token:
            return [
                "webhook_url and bot_token are both set; keep bot_token to update messages in place, else the other"
            ]
        if not webhook and not token:
            return ["webhook_url is missing (or bot_token and channel); make one at api.slack.com/apps"]
        if token and not settings.get("channel"):
            return ["channel is missing: bot_token needs to know where to post, for example C0123456789"]
        return []

    def send(self, outgoing: Outgoing) -> Receipt:
        """Post the message, or update the first one about the same alert."""
        if self._webhook_url:
            return self._send_to_webhook(outgoing)
        end = time.monotonic() + outgoing.budget
        message = block_kit.payload(outgoing.message, plain=outgoing.plain)
        first = outgoing.previous.reference if outgoing.previous else {}
        place = {key: first[key] for key in _PLACE if key in first}
        answer = self._update(outgoing.message, message, place, end) if len(place) == len(_PLACE) else None
        if answer is None:
            answer = _accepted(self._call("chat.postMessage", {**message, "channel": self._channel}, end))
            place = {key: str(answer.json[key]) for key in _PLACE if key in answer.json}
        return Receipt(reference=place, status=answer.status, answer=excerpt(answer))

    def _update(
        self, message: Message, payload: Mapping[str, object], place: Mapping[str, str], end: float
    ) -> Answer | None:
        """Change the first message and say in its thread what is new; None if it is not there any more."""
        # The update comes first: it can be repeated without harm, should the reply fail.
        calls = [("chat.update", {"blocks": [], "attachments": [], **payload, **place})]
        if message.tone is not Tone.ACKNOWLEDGED:
            thread = {"channel": place["channel"], "thread_ts": place["ts"], "reply_broadcast": True}
            calls.append(("chat.postMessage", {**block_kit.reply(message), **thread}))
        for method, arguments in calls:
            answer = self._call(method, arguments, end)
            if answer.json.get("error") in GONE:
                return None
            _accepted(answer)
        return answer

    def _send_to_webhook(self, outgoing: Outgoing) -> Receipt:
        body = json.dumps(block_kit.payload(outgoing.message, plain=outgoing.plain)).encode()
        try:
            answer = post(self._webhook_url, body, {"Content-Type": "application/json"}, budget=outgoing.budget)
        except DeliveryError as error:
            error.hint = REFUSED.get(error.answer, error.hint)
            raise
        if answer.json.get("ok") is False:
            _accepted(answer)
        return Receipt(status=answer.status, answer=excerpt(answer))

    def _call(self, method: str, arguments: Mapping[str, object], end: float) -> Answer:
        headers = {"Content-Type": "application/json; charset=utf-8", "Authorization": f"Bearer {self._token}"}
        body = json.dumps(arguments).encode()
        return post(f"{self._api_url}/{method}", body, headers, budget=end - time.monotonic())


def _accepted(answer: Answer) -> Answer:
    if error := web_api_error(answer, time.time()):
        raise error
    return answer
