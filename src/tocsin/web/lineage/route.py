"""Where producers of OpenLineage send their events: the paths are those of its API, and of its clients by default."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from tocsin.capture.spool import text_of
from tocsin.core.access import Scope
from tocsin.core.inbox import Received
from tocsin.core.redact import Redactor
from tocsin.web.access import Actor, requires
from tocsin.web.api.answer import Json, problems
from tocsin.web.api.body import read_body
from tocsin.web.api.event_shape import schema_of
from tocsin.web.api.event_text import MOST_EVENTS
from tocsin.web.lineage.body import json_of, read_batch, read_event
from tocsin.web.lineage.run import report_of
from tocsin.web.lineage.shape import LineageEvent
from tocsin.web.problem import Problem
from tocsin.web.server import Server, ThisServer

_PROBLEMS = problems(
    {
        400: "The body cannot be read.",
        408: "The body did not come in time.",
        413: "The body is too large, packed or unpacked, or holds too many events.",
        415: "The body is no JSON, or packed in an unknown way.",
        422: "The body is no event of OpenLineage; `detail` says where.",
        429: "The server is behind: send the same again later.",
    }
)
Environment = Annotated[
    str | None,
    Query(
        max_length=500,
        description="Of the runs. Without it that of the key, where the key is for one only, else the server's own.",
        examples=["prod"],
    ),
]
Reporter = Annotated[Actor, requires(Scope.INGEST)]
_redact = Redactor()


class Summary(BaseModel):
    """How many events of a batch were taken."""

    received: int
    successful: int
    failed: int
    retriable: int = Field(default=0, description="Always 0: what fails for a while refuses the whole batch.")
    non_retriable: int


class FailedEvent(BaseModel):
    """An event that is none."""

    index: int
    reason: str
    retriable: bool = False


class BatchDocument(BaseModel):
    """What became of a batch, as the API of OpenLineage has it."""

    status: str = Field(description="`success` or `partial_success`.")
    summary: Summary
    failed_events: list[FailedEvent] = []


class LineageDocument(BaseModel):
    """An event that is on the disk, or that there is nothing to keep of."""

    received: int = 1


def _described(*, many: bool) -> dict[str, object]:
    event = schema_of(LineageEvent)
    body = {"type": "array", "items": event, "maxItems": MOST_EVENTS} if many else event
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}


router = APIRouter(prefix="/api/v1/lineage", tags=["openlineage"])


@router.post(
    "",
    operation_id="post_lineage",
    summary="Report an event of OpenLineage",
    response_model=LineageDocument,
    responses=_PROBLEMS,
    openapi_extra=_described(many=False),
)
async def post_lineage(request: Request, server: ThisServer, actor: Reporter, environment: Environment = None) -> Json:
    """Keep what an event tells of a run, and answer when that is on the disk.

    Events about jobs and datasets, and those of the type OTHER, are taken and tell nothing. The same event a second
    time changes nothing.
    """
    here = _environment(server, actor, environment)
    with server.room.part() as part:
        body = await read_body(request, part)
        received = await run_in_threadpool(lambda: _received(server, json_of(body), here))
        if received:
            await server.inbox.append(received)
    return Json({"received": 1})


@router.post(
    "/batch",
    operation_id="post_lineage_batch",
    summary="Report events of OpenLineage",
    response_model=BatchDocument,
    responses=_PROBLEMS,
    openapi_extra=_described(many=True),
)
async def post_lineage_batch(
    request: Request, server: ThisServer, actor: Reporter, environment: Environment = None
) -> Json:
    """Keep what events tell of runs, and answer when that is on the disk.

    What is no event is told by its place in the list and does not hold up the others.
    """
    here = _environment(server, actor, environment)
    with server.room.part() as part:
        body = await read_body(request, part)
        number, received, failed = await run_in_threadpool(lambda: _received_of(server, json_of(body), here))
        if received:
            await server.inbox.append(received)
    summary = Summary(received=number, successful=number - len(failed), failed=len(failed), non_retriable=len(failed))
    status = "partial_success" if failed else "success"
    return Json(BatchDocument(status=status, summary=summary, failed_events=failed).model_dump())


def _environment(server: Server, actor: Actor, asked: str | None) -> str:
    """Return the environment of the runs.

    Raises:
        Problem: 403, the key is for others.
    """
    own = actor.environments or ()
    environment = asked or (next(iter(own)) if len(own) == 1 else server.engine.config.environment)
    actor.require_environment(environment)
    return environment


def _received(server: Server, body: bytes, environment: str, place: str = "$") -> list[Received]:
    """Return what is to be kept of an event: nothing, or one report."""
    event = report_of(read_event(body, place), environment=environment, redact=_redact)
    if event is None:
        return []
    return [Received(event_id=event.id, text=text_of(event), at=server.engine.clock())]


def _received_of(server: Server, body: bytes, environment: str) -> tuple[int, list[Received], list[FailedEvent]]:
    received: list[Received] = []
    failed = []
    events = read_batch(body)
    for index, each in enumerate(events):
        try:
            received += _received(server, each, environment, f"$[{index}]")
        except Problem as problem:
            failed.append(FailedEvent(index=index, reason=problem.detail))
    return len(events), received, failed
