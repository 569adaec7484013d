"""A receiver that takes what Slack takes, and refuses what Slack refuses, in Slack's words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tocsin.cli.demo.loopback import Answer, Loopback, Request

#: Slack's incoming webhooks have this form; whoever knows the address can post.
_PATH = "/services/T0/B0/demo"
#: Limits of Block Kit (docs.slack.dev). The total is not documented: github.com/slackapi/bolt-js, issue 2509.
_BLOCKS, _HEADER, _TEXT, _CONTEXT_ELEMENTS, _TOTAL = 50, 150, 3_000, 10, 13_200
#: Of the many blocks of Slack those that the terminal can show.
_KNOWN_BLOCKS = {"header", "rich_text", "context"}


@dataclass(frozen=True, kw_only=True)
class Received:
    """A message that was accepted."""

    at: datetime
    payload: Mapping[str, object]

    @property
    def title(self) -> str:
        """What stands on top of the message; of one without blocks its first line."""
        match next(all_blocks(self.payload), None):
            case {"type": "header", "text": {"text": str(title)}}:
                return title
        return str(self.payload["text"]).partition("\n")[0]


class Receiver(Loopback):
    """A Slack channel with an incoming webhook."""

    def __init__(self) -> None:
        """Listen, with no messages yet."""
        self.received: list[Received] = []
        #: What was refused, and why.
        self.refused: list[str] = []
        super().__init__(self._take)

    @property
    def hook(self) -> str:
        """The address of the webhook."""
        return self.url + _PATH

    def _take(self, request: Request) -> Answer:
        if request.path != _PATH or request.method != "POST":
            return Answer(status=404, body="no_service")
        payload = _decoded(request.body)
        if complaint := "invalid_payload" if payload is None else _complaint(payload):
            self.refused.append(complaint)
            return Answer(status=400, body=complaint)
        self.received.append(Received(at=datetime.now(UTC), payload=payload or {}))
        return Answer(body="ok")


def _decoded(body: bytes) -> dict[str, object] | None:
    try:
        payload = json.loads(body)
    except ValueError:
        return None
    return payload if isinstance(payload, dict) else None


def _complaint(payload: Mapping[str, object]) -> str:
    """Return the error that Slack would answer, or an empty text."""
    if not payload.get("text"):
        return "no_text"
    blocks = list(all_blocks(payload))
    if len(blocks) > _BLOCKS or any(block.get("type") not in _KNOWN_BLOCKS for block in blocks):
        return "invalid_blocks"
    texts = [(item, text) for item in _objects(blocks) if isinstance(text := item.get("text"), str)]
    if any(not text or len(text) > _TEXT for _, text in texts):
        return "invalid_blocks"
    for block in blocks:
        match block:
            case {"type": "header", "text": {"type": "plain_text", "text": str(text)}} if len(text) <= _HEADER:
                continue
            case {"type": "context", "elements": [_, *more]} if len(more) < _CONTEXT_ELEMENTS:
                continue
            case {"type": "header" | "context"}:
                return "invalid_blocks"
    return "msg_blocks_too_long" if sum(len(text) for _, text in texts) > _TOTAL else ""


def all_blocks(payload: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """Yield the blocks of a message, and then those of its attachments."""
    yield from mappings(payload.get("blocks"))
    for attachment in mappings(payload.get("attachments")):
        yield from mappings(attachment.get("blocks"))


def _objects(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


def mappings(value: object) -> list[Mapping[str, object]]:
    """Return the objects of a list in JSON, and nothing where there is no list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
