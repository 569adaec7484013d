"""One JSON object for programs: what people read, and the facts it was made of."""

from __future__ import annotations

from datetime import UTC

from tocsin.channels.base import Outgoing
from tocsin.channels.formats.literal import one_line
from tocsin.channels.formats.text import text
from tocsin.core.message import Message, Tone

_TEXT, _PLAIN_TEXT = 8_000, 2_000


def event(outgoing: Outgoing) -> dict[str, object]:
    """Return the message as data; `Webhook.setup` tells what each key holds."""
    message = outgoing.message
    return {
        "type": _type(message),
        "id": outgoing.key,
        "at": message.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "title": one_line(message.title),
        "severity": message.severity.value,
        "tone": message.tone.value,
        "alert_id": message.alert_id,
        "text": text(message, limit=_PLAIN_TEXT if outgoing.plain else _TEXT),
        "links": [{"label": link.label, "url": link.url} for link in message.links],
        "data": None if outgoing.plain else message.data,
    }


def cloud_event(outgoing: Outgoing) -> dict[str, object]:
    """Return the message as a CloudEvent in structured mode, with `event` as its data (cloudevents.io, version 1.0)."""
    data = event(outgoing)
    subject = {"subject": outgoing.message.alert_id} if outgoing.message.alert_id else {}
    return {
        "specversion": "1.0",
        "id": data["id"],
        "source": "/tocsin",
        "type": f"tocsin.{data['type']}",
        "time": data["at"],
        **subject,
        "datacontenttype": "application/json",
        "data": data,
    }


def _type(message: Message) -> str:
    if message.alert_id is None:
        return "message"
    return {Tone.GOOD: "alert.resolved", Tone.ACKNOWLEDGED: "alert.acknowledged"}.get(message.tone, "alert.firing")
