"""Links in messages that do one thing to one alert, for whoever has the message.

A link holds what it does and a signature (HMAC-SHA256), so nothing is kept of it and nobody can make or change one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from tocsin.core.access import Action

#: Bytes of the key.
KEY_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class ActionLink:
    """What a link does."""

    #: ACKNOWLEDGE or SNOOZE.
    action: Action
    alert_id: str
    #: The channel whose message bears it.
    channel: str
    #: From when on it does nothing; whole seconds.
    lapses_at: datetime


def sign(link: ActionLink, key: bytes) -> str:
    """Return the token of a link, which goes into an address as it is."""
    said = json.dumps(
        [link.action, link.alert_id, link.channel, int(link.lapses_at.timestamp())], separators=(",", ":")
    ).encode()
    return f"{_text(said)}.{_text(_signature(said, key))}"


def read_token(token: str, key: bytes) -> ActionLink | None:
    """Return the link with this token, lapsed or not; None for what was not signed with `key`."""
    said, signature = map(_bytes, token.partition(".")[::2])
    if not hmac.compare_digest(signature, _signature(said, key)):
        return None
    action, alert_id, channel, lapses_at = json.loads(said)
    return ActionLink(
        action=Action(action), alert_id=alert_id, channel=channel, lapses_at=datetime.fromtimestamp(lapses_at, UTC)
    )


def _signature(said: bytes, key: bytes) -> bytes:
    return hmac.new(key, said, hashlib.sha256).digest()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        return b""
