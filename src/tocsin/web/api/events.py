"""Events that pipelines report."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from tocsin.core.access import Scope
from tocsin.core.inbox import Received
from tocsin.core.wire import CLOCK_AHEAD, EVENTS_PATH, SERVER_TIME
from tocsin.web.access.access import access_of
from tocsin.web.api.answer import problems
from tocsin.web.api.body import read_body
from tocsin.web.api.event_shape import event_schema
from tocsin.web.api.event_text import MOST_EVENTS, read_events
from tocsin.web.problem import Problem
from tocsin.web.server import server_of

#: Clocks that differ by more are not clocks.
_MOST_AHEAD = timedelta(days=36_525)
_encode = msgspec.json.encode


_PROBLEMS = problems(
    {
        400: "The body or a header cannot be read.",
        408: "The body did not come in time.",
        413: "The body is too large, packed or unpacked, or holds too many events.",
        415: "The body is no JSON, or packed in an unknown way.",
        422: "Something in the body is no event; `detail` says where it stands.",
        429: "The server is behind: send the same again later.",
    }
)


class ReceivedDocument(BaseModel):
    """Events that are on the disk."""

    received: int
    time: AwareDatetime = Field(description="By the server's clock.")


def _described() -> dict[str, object]:
    """Return what FastAPI cannot see of the handler."""
    event = event_schema()
    body = {"oneOf": [event, {"type": "array", "items": event, "maxItems": MOST_EVENTS}]}
    return {
        "security": [{"key": [Scope.INGEST.value]}],
        "parameters": [
            {
                "name": CLOCK_AHEAD,
                "in": "header",
                "description": "By how many seconds the sender's clock is ahead of the server's: see /api/v1/clock.",
                "schema": {"type": "number", "default": 0},
            }
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
    }


router = APIRouter(tags=["events"])


@router.post(
    EVENTS_PATH,
    summary="Report events",
    status_code=202,
    response_model=ReceivedDocument,
    responses=_PROBLEMS,
    openapi_extra=_described(),
)
async def post_events(request: Request) -> Response:
    """Keep events, and answer when they are on the disk.

    The body is one event or a list of them, packed with gzip or not. All of them are kept, or none. The same event a
    second time changes nothing, so that whoever got no answer sends the same again.
    """
    # FastAPI would spend more time on finding out what to pass here than all of this takes.
    server = server_of(request)
    actor = await access_of(request).admit(request, Scope.INGEST)
    now = server.engine.clock()
    ahead = _clock_ahead(request)
    with server.room.part() as part:
        events = read_events(await read_body(request, part))
        for environment in frozenset[str]().union(*(event.environments for event in events)):
            actor.require_environment(environment)
        if events:
            await server.inbox.append(
                [Received(event_id=event.id, text=event.text, at=now, clock_ahead=ahead) for event in events]
            )
    answer = _encode({"received": len(events), SERVER_TIME: server.engine.clock()})
    return Response(answer, status_code=202, media_type="application/json")


def _clock_ahead(request: Request) -> timedelta:
    found = request.headers.get(CLOCK_AHEAD)
    if found is None:
        return timedelta(0)
    try:
        ahead = timedelta(seconds=float(found))
    except (ValueError, OverflowError):
        ahead = timedelta.max
    if abs(ahead) > _MOST_AHEAD:
        raise Problem(400, f"{CLOCK_AHEAD} is {found!r}. Send seconds, for example -300.5, or leave it out.")
    return ahead
