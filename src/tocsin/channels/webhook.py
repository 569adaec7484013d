"""Any HTTP address: one JSON object a message, signed on request."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import ClassVar

from tocsin.channels.base import Channel, Field, Outgoing
from tocsin.channels.formats.event import cloud_event, event
from tocsin.channels.http import post
from tocsin.channels.refusal import excerpt
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

_PREFIX = "whsec_"


class Webhook(Channel):
    """Posts `formats.event` as JSON, with the headers of Standard Webhooks.

    `webhook-id` stays the same over all tries of a message; with it a receiver recognizes what it has seen already.
    With a `secret`, `webhook-signature` proves the sender (https://www.standardwebhooks.com).
    Any 2xx is a success, and 410 disables the channel.
    """

    type: ClassVar[str] = "webhook"
    summary: ClassVar[str] = "A JSON message to any HTTP address, signed on request"
    min_interval: ClassVar[float] = 0.0
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            name="url",
            help="Where to POST. Anybody who knows the address may be able to post, so it counts as a secret.",
            url=True,
            secret=True,
            required=True,
            example="https://example.com/hooks/tocsin",
        ),
        Field(
            name="secret",
            help="Signs every message, so that the receiver knows who sent it. "
            "The format is that of Standard Webhooks: whsec_ and 24 to 64 random bytes in base64.",
            secret=True,
            example="whsec_…",
        ),
        Field(
            name="authorization",
            help="Sent as the Authorization header, for receivers that ask for a token.",
            secret=True,
            example="Bearer 3f2a…",
        ),
        Field(
            name="format",
            help="json posts the keys below. cloudevents puts them into an envelope that event brokers understand.",
            default="json",
            choices=("json", "cloudevents"),
        ),
    )
    setup: ClassVar[str] = """
        Any 2xx says that the message was taken. Redirects are not followed, and 410 disables the channel.

        ### What arrives

        One POST a message, with a JSON object:

        | key | value |
        | --- | --- |
        | `type` | `alert.firing`, `alert.acknowledged`, `alert.resolved`, or `message` where there is no alert |
        | `id` | the same for every try of one message: forget what you have seen already |
        | `at` | when it was decided, ISO 8601 in UTC |
        | `title` | one line |
        | `severity` | `info`, `warning`, `error` or `critical` |
        | `tone` | the same, or `good` and `acknowledged` |
        | `alert_id` | the same for all messages about one problem, or null |
        | `text` | the whole message as plain text, at most 8,000 characters |
        | `links` | list of `label` and `url` |
        | `data` | facts about the alert and its run, or null |

        A receiver that answers 400 or 413 gets the message once more without `data` and with at most 2,000 characters.

        With `format = "cloudevents"` the object is the `data` of a CloudEvent 1.0 in structured mode, sent as
        `application/cloudevents+json`: its `type` is that above after `tocsin.`, its `source` is `/tocsin`, its
        `subject` the id of the alert.

        ### Who sent it

        Both forms carry the headers of [Standard Webhooks](https://www.standardwebhooks.com): `webhook-id`, the same
        as `id`, `webhook-timestamp`, and with a `secret` also `webhook-signature`. Make a secret with:

        ```sh
        echo whsec_$(openssl rand -base64 32)
        ```

        The libraries of Standard Webhooks verify a signature in most languages. In Python the standard library is
        enough:

        ```python
        import base64
        import hmac
        import time


        def verify(headers, body: bytes, secret: str) -> None:
            # Raises ValueError unless the holder of the secret sent exactly this within the last five minutes.
            sent_at = headers["webhook-timestamp"]
            if abs(time.time() - int(sent_at)) > 300:
                raise ValueError("the message is too old")
            key = base64.b64decode(secret.removeprefix("whsec_"))
            signed = f"{headers['webhook-id']}.{sent_at}.".encode() + body
            expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
            if not any(hmac.compare_digest(expected, given) for given in headers["webhook-signature"].split()):
                raise ValueError("the signature is not right")
        ```

        `body` has to be the bytes as they arrived: JSON that was read and written again is other bytes.
        """

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        self._url = settings["url"]
        self._secret = settings.get("secret", "")
        self._authorization = settings.get("authorization", "")
        self._cloud = settings["format"] == "cloudevents"

    @classmethod
    def problems(cls, settings: Mapping[str, str]) -> list[str]:
        """Check the form of the secret."""
        secret = settings.get("secret", "")
        if not secret or _key(secret):
            return []
        return ["secret is not of the form whsec_BASE64; make one with: echo whsec_$(openssl rand -base64 32)"]

    def send(self, outgoing: Outgoing) -> Receipt:
        """Post the message."""
        try:
            content = cloud_event(outgoing) if self._cloud else event(outgoing)
            body = json.dumps(content, default=str, allow_nan=False).encode()
        except ValueError as error:
            msg = f"the facts of the message have no JSON form ({error}), so it goes out without them"
            raise DeliveryError(msg, permanent=True, payload=True) from error
        now = str(int(time.time()))
        kind = "application/cloudevents+json" if self._cloud else "application/json"
        headers = {"Content-Type": kind, "webhook-id": outgoing.key, "webhook-timestamp": now}
        if self._authorization:
            headers["Authorization"] = self._authorization
        if key := _key(self._secret):
            signed = f"{outgoing.key}.{now}.".encode() + body
            signature = hmac.new(key, signed, hashlib.sha256).digest()
            headers["webhook-signature"] = f"v1,{base64.b64encode(signature).decode()}"
        answer = post(self._url, body, headers, budget=outgoing.budget)
        return Receipt(status=answer.status, answer=excerpt(answer))


def _key(secret: str) -> bytes:
    """Return the bytes of a secret, or none if it has not the form of one."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return key if secret.startswith(_PREFIX) and 24 <= len(key) <= 64 else b""  # noqa: PLR2004
