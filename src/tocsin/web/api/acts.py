"""What people do to alerts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from tocsin.core.alert import Alert, Change
from tocsin.core.finding import Topic
from tocsin.core.phrases import stamp
from tocsin.documents.alerts import read_alert
from tocsin.engine.accept import accept_level
from tocsin.engine.act import Acted, acknowledge_alert, resolve_alert, snooze_alert
from tocsin.web.api.answer import Json, problems
from tocsin.web.api.moments import Moment
from tocsin.web.api.seen import Doer, Id, alert_of
from tocsin.web.api.shapes import ActedDocument
from tocsin.web.problem import Problem
from tocsin.web.server import Server, ThisServer

router = APIRouter(prefix="/api/v1/alerts/{alert_id}", tags=["acts"])
_PROBLEMS = problems({404: "There is no such alert.", 409: "The alert is over, or is not of a kind that allows this."})
_ISSUE = Field(
    default=None,
    max_length=500,
    description="Where it is dealt with, for example the address of a ticket; an empty text takes that away.",
    examples=["https://tickets.example.com/4711"],
)


class Acknowledgement(BaseModel):
    """Somebody takes care of an alert."""

    model_config = ConfigDict(extra="forbid")

    issue: str | None = _ISSUE


class Snooze(BaseModel):
    """Nobody is to hear of an alert for a while."""

    model_config = ConfigDict(extra="forbid")

    until: Moment = Field(description="Until then nobody hears of it.", examples=["2026-11-24T09:00:00+01:00"])
    issue: str | None = _ISSUE


@router.post(
    "/ack",
    operation_id="acknowledge_alert",
    summary="Acknowledge an alert",
    response_model=ActedDocument,
    responses=_PROBLEMS,
)
def acknowledge(
    server: ThisServer, actor: Doer, alert_id: Id, body: Annotated[Acknowledgement | None, Body()] = None
) -> Json:
    """Take care of an alert: it is not repeated until it changes. Who was told of it hears that."""
    alert = _open(server, actor, alert_id)
    issue = body.issue if body is not None else None
    return _done(server, acknowledge_alert(server.engine, alert.id, by=actor.name, origin=actor.origin, issue=issue))


@router.post(
    "/snooze",
    operation_id="snooze_alert",
    summary="Snooze an alert",
    response_model=ActedDocument,
    responses=_PROBLEMS,
)
def snooze(server: ThisServer, actor: Doer, alert_id: Id, body: Snooze) -> Json:
    """Put an alert off: nobody hears of it until then, unless it changes or ends.

    A snooze takes the place of an acknowledgement.
    """
    alert = _open(server, actor, alert_id)
    if body.until <= server.engine.clock():
        raise Problem(422, f"{body.until.isoformat()} has passed. Say a later moment, for example that of tomorrow.")
    acted = snooze_alert(
        server.engine, alert.id, until=body.until, by=actor.name, origin=actor.origin, issue=body.issue
    )
    return _done(server, acted)


@router.post(
    "/resolve",
    operation_id="resolve_alert",
    summary="Resolve an alert",
    response_model=ActedDocument,
    responses=problems({404: "There is no such alert."}),
)
def resolve(server: ThisServer, actor: Doer, alert_id: Id) -> Json:
    """End an alert by hand. If the problem comes back it is a new alert."""
    with server.engine.store.reading() as tx:
        alert = alert_of(tx, actor, alert_id)
    return _done(server, resolve_alert(server.engine, alert.id, by=actor.name, origin=actor.origin))


@router.post(
    "/accept",
    operation_id="accept_level",
    summary="Take an unusual level as the new normal",
    response_model=ActedDocument,
    responses=_PROBLEMS,
)
def accept(server: ThisServer, actor: Doer, alert_id: Id) -> Json:
    """End an alert about volume or duration: from the next run on the new level is what is expected."""
    alert = _open(server, actor, alert_id)
    if alert.topic not in {Topic.VOLUME, Topic.DURATION}:
        raise Problem(409, f"The alert is about {alert.topic}: a new level can be accepted of volume and duration.")
    return _done(server, accept_level(server.engine, alert.id, by=actor.name, origin=actor.origin))


def _open(server: Server, actor: Doer, alert_id: str) -> Alert:
    """Return an alert that goes on.

    Raises:
        Problem: 404, there is none that may be seen; 409, it is over.
    """
    with server.engine.store.reading() as tx:
        alert = alert_of(tx, actor, alert_id)
    if alert.resolved_at is not None:
        raise Problem(409, f"The alert was over at {stamp(alert.resolved_at)} UTC: {alert.resolution}.")
    return alert


def _done(server: Server, acted: list[Acted]) -> Json:
    """Let the news be told at once, and answer with the alert as it is now."""
    [one] = acted
    if one.change is not Change.NOTHING:
        server.wake()
    with server.engine.store.reading() as tx:
        return Json({"change": one.change, "alert": read_alert(tx, one.alert)})
