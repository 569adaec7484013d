"""A receiver that answers as a Tocsin server does, or fails as a test scripts it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from receiver import Connection, Receiver, Reply, Request, answer
from tocsin.core.wire import CLOCK_PATH, EVENTS_PATH

Judge = Callable[[Sequence[dict[str, Any]]], Reply | None]


def taken(*, ahead: timedelta = timedelta(0)) -> Reply:
    """Take events, or tell the time, by a clock that is so far ahead of ours."""

    def reply(connection: Connection) -> None:
        assert connection.request is not None
        time = (datetime.now(UTC) + ahead).isoformat()
        answer(202 if connection.request.method == "POST" else 200, {"received": 1, "time": time})(connection)

    return reply


def problem(status: int, detail: str, **headers: str) -> Reply:
    """Refuse as our server does."""
    body = {"title": "no", "status": status, "detail": detail}
    return answer(status, body, content_type="application/problem+json", **headers)


class ScriptedServer:
    """Speaks for a receiver: the time is always told, and events meet what is scripted."""

    def __init__(self, receiver: Receiver) -> None:
        """Take over what the receiver answers."""
        self.receiver = receiver
        self.address = f"{receiver.url.partition(':')[0]}://localhost:{receiver.port}"
        #: What was taken, in the order in which it was.
        self.events: list[dict[str, Any]] = []
        self.clock: Reply = taken()
        #: Replies to events, in their order; the last one stays. A reply `taken()` takes them.
        self.replies: list[Reply] = [taken()]
        #: Asked first where it is set; returns what refuses these events.
        self.judge: Judge = lambda _events: None
        receiver.answers(self._answer)

    @property
    def posts(self) -> list[Request]:
        """The requests that brought events, taken or not."""
        return [request for request in self.receiver.requests if request.target == EVENTS_PATH]

    @property
    def ids(self) -> list[str]:
        """The ids of what was taken, signs of life left out."""
        return [event["id"] for event in self.events if event["type"] != "progress"]

    def answers(self, *replies: Reply) -> None:
        """Script what comes next."""
        self.replies = list(replies)

    def _answer(self, connection: Connection) -> None:
        assert connection.request is not None
        if connection.request.target == CLOCK_PATH:
            self.clock(connection)
            return
        events = events_of(connection.request)
        refused = self.judge(events)
        reply = refused or (self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])
        if reply.__qualname__.startswith("taken."):
            self.events += events
        reply(connection)


def events_of(request: Request) -> list[dict[str, Any]]:
    """Return the events in a request."""
    packed = request.headers.get("content-encoding") == "gzip"
    body = json.loads(gzip.decompress(request.body) if packed else request.body)
    assert isinstance(body, list)
    return body
