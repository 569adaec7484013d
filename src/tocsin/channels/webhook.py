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
from tocsin.channels.formats.event import event
from tocsin.channels.http import post
from tocsin.channels.refusal import excerpt
from tocsin.core.outbox import Receipt
from tocsin.errors import DeliveryError

_PREFIX = "whsec_"


class Webhook(Channel):
    """Posts `formats.event.event` as JSON, with the headers of Standard Webhooks.

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
    )

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take checked settings."""
        self._url = settings["url"]
        self._secret = settings.get("secret", "")
        self._authorization = settings.get("authorization", "")

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
            body = json.dumps(event(outgoing), default=str, allow_nan=False).encode()
        except ValueError as error:
            msg = f"the facts of the message have no JSON form ({error}), so it goes out without them"
            raise DeliveryError(msg, permanent=True, payload=True) from error
        now = str(int(time.time()))
        headers = {"Content-Type": "application/json", "webhook-id": outgoing.key, "webhook-timestamp": now}
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
