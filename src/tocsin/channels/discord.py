"""Discord, over a webhook."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats import discord_embed
from tocsin.channels.http import post
from tocsin.channels.refusal import Answer, excerpt
from tocsin.core.message import Tone
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

_CODE = re.compile(r'"code": ?(\d+)')
#: Discord refuses us, whatever we send; some of these come with the status 400.
#: Source: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
_REFUSED = {
    "10003": "check thread_id: there is no such thread in the webhook's channel",
    "10015": "make a new webhook in Discord (Edit Channel, Integrations, Webhooks)",
    "50027": "copy the webhook's address anew from Discord (Edit Channel, Integrations, Webhooks)",
    "160005": "unlock the thread in Discord, or configure another thread_id",
    "220001": "the webhook belongs to a forum: set thread_id to the thread that messages belong into",
}
#: The message to change is not there, or cannot be changed now: unknown, edited too often, in an archived thread.
_GONE = frozenset({"10008", "30046", "50083"})


class Discord(Channel):
    """Posts to one channel or thread, and keeps one message an alert.

    It is changed in place, and a short new message says what is new, because a change notifies nobody. An
    acknowledgement only changes: who took it knows.
    """

    type: ClassVar[str] = "discord"
    summary: ClassVar[str] = "Discord: messages in a channel or thread, updated in place"
    #: Not documented; from thirty requests a minute on, a webhook was seen to be refused.
    min_interval: ClassVar[float] = 2.0
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="webhook_url",
            help="Address of a webhook. It belongs to one Discord channel, and anybody who knows it can post.",
            url=True,
            secret=True,
            required=True,
            example="https://discord.com/api/webhooks/…/…",
        ),
        Field(
            name="thread_id",
            help="Post into this thread of the webhook's channel. A forum needs one.",
            example="1234567890123456789",
        ),
    )
    setup: ClassVar[str] = """
        1. In Discord, open the settings of the channel (*Edit Channel*), then *Integrations*, *Webhooks*. It takes the
           permission *Manage Webhooks*.
        2. Choose *New Webhook*, give it a name, and *Copy Webhook URL*.
        3. Put the address into `.dlt/secrets.toml`, and try it with `tocsin channel test ops`.

        For a thread, and for a forum, which takes messages only in threads: switch on *Developer Mode* in your own
        settings under *Advanced*, choose *Copy Thread ID* in the menu of the thread, and set `thread_id`.

        Whoever knows the address can post, so treat it like a password.

        ### Links and limits

        - Nobody is pinged, whatever stands in a message. Who wants to hear of each sets the notifications of the
          channel to *All Messages*.
        - Everything from outside is shown as it is. Nothing in an exception can mention anybody, become a link or
          format text.
        - An embed holds [256 characters in its title, 4,096 in its description, 6,000 in all][embeds]. What is left
          out is counted, and long tracebacks lose their middle.
        - Discord does not say how many messages it takes; a webhook was seen to be refused from thirty requests a
          minute on. Tocsin sends a message every two seconds, and waits as long as [Discord says][limits].
        - 10,000 refusals in ten minutes close Discord to a [whole network address][limits]. Tocsin stops at the first
          401, 403 or 404.
        - A message can be changed [a few times once it is an hour old][errors]. After that a new one takes its place.
        - Discord knows no idempotency key here. If it takes a message and the answer is lost, the message may appear
          twice.

        [embeds]: https://docs.discord.com/developers/resources/message#embed-object-embed-limits
        [limits]: https://docs.discord.com/developers/topics/rate-limits
        [errors]: https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
        """

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        url = urlsplit(settings["webhook_url"])
        query = dict(parse_qsl(url.query))
        if thread := settings.get("thread_id"):
            query["thread_id"] = thread
        self._url = url._replace(path=url.path.rstrip("/"), query="", fragment="").geturl()
        self._query = query

    @classmethod
    def problems(cls, settings: Mapping[str, str]) -> list[str]:
        """Check the forms of address and thread."""
        path = urlsplit(settings["webhook_url"]).path.rstrip("/")
        if path.endswith(("/slack", "/github")):
            end = path.rpartition("/")[2]
            return [f"webhook_url ends in /{end}, where Discord takes another format; remove that end"]
        thread = settings.get("thread_id", "")
        if thread and not thread.isdecimal():
            return [f'thread_id = "{thread}" is no id; use the number that Copy Thread ID gives in Discord']
        return []

    def send(self, outgoing: Outgoing) -> Receipt:
        """Post the message, or change the first one about the same alert."""
        end = time.monotonic() + outgoing.budget
        message = discord_embed.payload(outgoing.message, plain=outgoing.plain)
        place = outgoing.previous.reference.get("message_id", "") if outgoing.previous else ""
        answer = self._change(place, message, end) if place.isdecimal() else None
        if answer is None:
            answer = self._post(message, end)
            place = str(answer.json.get("id", ""))
        elif outgoing.message.tone is not Tone.ACKNOWLEDGED:
            # The change comes first: it can be repeated without harm, should this fail.
            answer = self._post(discord_embed.news(outgoing.message), end)
        return Receipt(reference={"message_id": place} if place else {}, status=answer.status, answer=excerpt(answer))

    def _change(self, place: str, message: Mapping[str, object], end: float) -> Answer | None:
        """Change the first message; None if it is not there any more."""
        try:
            return self._call("PATCH", f"/messages/{place}", message, self._query, end)
        except DeliveryError as error:
            if _code(error) in _GONE:
                return None
            raise

    def _post(self, message: Mapping[str, object], end: float) -> Answer:
        # Without `wait`, Discord answers before it knows whether the message is kept, and does not say where it is.
        return self._call("POST", "", message, {**self._query, "wait": "true"}, end)

    def _call(
        self, method: str, path: str, message: Mapping[str, object], query: Mapping[str, str], end: float
    ) -> Answer:
        url = f"{self._url}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Content-Type": "application/json"}
        try:
            return post(url, json.dumps(message).encode(), headers, method=method, budget=end - time.monotonic())
        except DeliveryError as error:
            if hint := _REFUSED.get(_code(error)):
                error.permanent, error.payload, error.hint = True, False, hint
            raise


def _code(error: DeliveryError) -> str:
    """Return Discord's own number of an error; the text of a long one is not whole, so it is no JSON any more."""
    code = _CODE.search(error.answer)
    return code[1] if code else ""
