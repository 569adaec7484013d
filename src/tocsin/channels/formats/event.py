"""One JSON object for programs: what people read, and the facts it was made of."""

from __future__ import annotations

from datetime import UTC

from tocsin.channels.base import Outgoing
from tocsin.channels.formats.literal import one_line
from tocsin.channels.formats.text import text
from tocsin.core.message import Message, Tone

_TEXT, _PLAIN_TEXT = 8_000, 2_000


def event(outgoing: Outgoing) -> dict[str, object]:
    """Return the message as data.

    | key | value |
    |---|---|
    | `type` | `alert.firing`, `alert.acknowledged`, `alert.resolved`, or `message` where there is no alert |
    | `id` | the same for every try of one message: forget what you have seen already |
    | `at` | when it was decided, ISO 8601 in UTC |
    | `title` | one line |
    | `severity` | `info`, `warning`, `error` or `critical` |
    | `tone` | the same, or `good` and `acknowledged` |
    | `alert_id` | the same for all messages about one problem, or null |
    | `text` | the whole message as plain text |
    | `links` | list of `label` and `url` |
    | `data` | facts about the alert and its run, or null; left out where the receiver refused the full form |
    """
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


def _type(message: Message) -> str:
    if message.alert_id is None:
        return "message"
    return {Tone.GOOD: "alert.resolved", Tone.ACKNOWLEDGED: "alert.acknowledged"}.get(message.tone, "alert.firing")
