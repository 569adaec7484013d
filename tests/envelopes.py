"""Envelopes of Sentry, read as a server reads them: by their bytes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from receiver import Connection, Receiver, Reply, Request, answer

KEY = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, kw_only=True)
class Item:
    """The one item of an envelope."""

    #: The header of the envelope.
    head: dict[str, Any]
    type: str
    payload: dict[str, Any]


def dsn(receiver: Receiver) -> str:
    """Return the DSN of a project at the receiver."""
    return f"http://{KEY}@localhost:{receiver.port}/42"


def read_item(request: Request) -> Item:
    """Read an envelope with exactly one item, whose length is what its header says."""
    assert request.headers["content-type"] == "application/x-sentry-envelope"
    assert request.headers["content-encoding"] == "gzip"
    first, _, rest = gzip.decompress(request.body).partition(b"\n")
    second, _, rest = rest.partition(b"\n")
    header = json.loads(second)
    payload, end = rest[: header["length"]], rest[header["length"] :]
    assert end == b"\n"
    return Item(head=json.loads(first), type=header["type"], payload=json.loads(payload))


def items(requests: Iterable[Request], type: str) -> list[dict[str, Any]]:  # noqa: A002
    """Return the payloads of one type, in the order in which they arrived."""
    return [item.payload for item in map(read_item, requests) if item.type == type]


def by_type(**replies: list[Reply]) -> Reply:
    """Answer each type of item with its own script, whose last reply stays; the others with 200."""

    def reply(connection: Connection) -> None:
        assert connection.request is not None
        script = replies.get(read_item(connection.request).type, [answer(200)])
        (script.pop(0) if len(script) > 1 else script[0])(connection)

    return reply
