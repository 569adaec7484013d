"""Events that pipelines report."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from tocsin.core.access import Scope
from tocsin.core.inbox import Received
from tocsin.core.wire import CLOCK_AHEAD, EVENTS_PATH, SERVER_TIME
from tocsin.web.access import Actor, requires
from tocsin.web.api.body import read_body
from tocsin.web.api.event_text import read_events
from tocsin.web.problem import Problem
from tocsin.web.server import ThisServer

#: Clocks that differ by more are not clocks.
_MOST_AHEAD = timedelta(days=36_525)
_encode = msgspec.json.encode

router = APIRouter(tags=["events"])


@router.post(EVENTS_PATH, status_code=202, response_class=Response)
async def post_events(
    request: Request, server: ThisServer, actor: Annotated[Actor, Depends(requires(Scope.INGEST))]
) -> Response:
    """Keep events, and answer when they are on the disk.

    The body is one event or a list of them, packed with gzip or not. All of them are kept, or none. The same event a
    second time changes nothing, so that whoever got no answer sends the same again.
    """
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
