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
    setup: ClassVar[str] = """
        There are two ways. A webhook takes two minutes. A bot keeps one message an alert.

        |  | webhook | bot |
        | --- | --- | --- |
        | what is set | `webhook_url` | `bot_token` and `channel` |
        | a repeat, a recovery | one more message | the first message is updated, and its thread says what is new |
        | an acknowledgement | one more message | the first message is updated, quietly |
        | several Slack channels | one webhook each | one token for all |

        ### With a webhook

        1. On api.slack.com/apps choose *Create New App*, *From scratch*.
        2. Under *Incoming Webhooks* switch it on, *Add New Webhook to Workspace*, and choose the Slack channel.
        3. Copy the address into `.dlt/secrets.toml`, and try it with `tocsin channel test ops`.

        Whoever knows the address can post, so treat it like a password. If dlt has one as
        `runtime.slack_incoming_hook`, Tocsin uses it without further configuration.

        ### As a bot

        1. On api.slack.com/apps choose *Create New App*, *From scratch*.
        2. Under *OAuth & Permissions* add the bot token scope `chat:write`, and install the app into the workspace.
        3. Copy the *Bot User OAuth Token*, which begins with `xoxb-`, into `.dlt/secrets.toml`.
        4. Invite the app into the Slack channel with `/invite @APP`, and try it with `tocsin channel test ops`.

        ```toml title=".dlt/config.toml"
        [tocsin.channels.bot]
        type = "slack"
        channel = "C0123456789"
        ```

        ```toml title=".dlt/secrets.toml"
        [tocsin.channels.bot]
        bot_token = "xoxb-…"
        ```

        ```console
        $ tocsin channel test bot
        ```

        ### Links and limits

        - Links to the log, the run and what to do stand in one row at the end. They are links and not buttons: for a
          click on a button Slack calls the app back, which would need an address that Slack can reach.
        - Everything from outside is shown as it is. Nothing in an exception can mention anybody, hide a link or
          format text.
        - A message holds about 8,500 characters. What is left out is counted, and long tracebacks lose their middle.
        - Slack takes about one message a second and channel. What it defers is sent later, and nothing is dropped.
        - Slack knows no idempotency key. If it takes a message and the answer is lost, the message may appear twice.
        """

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
