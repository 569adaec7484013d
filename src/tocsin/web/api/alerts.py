"""Alerts, and the groups in which they were told."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query

from tocsin.core.alert import Alert
from tocsin.core.finding import Kind
from tocsin.core.group import Group
from tocsin.core.position import Position
from tocsin.core.severity import Severity
from tocsin.documents.alerts import life_document, read_alert, read_life
from tocsin.documents.groups import group_document
from tocsin.documents.whole import whole
from tocsin.web.api.answer import Json, problems
from tocsin.web.api.paging import Cursor, Limit, page_of, read_cursor
from tocsin.web.api.seen import Environment, Id, Reader, alert_of, environment_for, group_of, sees_group
from tocsin.web.api.shapes import AlertDocument, GroupDocument, LifeDocument, Page
from tocsin.web.server import OpenEngine

router = APIRouter(prefix="/api/v1", tags=["alerts"])


class Which(StrEnum):
    """Which alerts are meant."""

    OPEN = "open"
    ALL = "all"


@router.get("/alerts", operation_id="list_alerts", summary="List alerts", response_model=Page[AlertDocument])
def list_alerts(
    engine: OpenEngine,
    actor: Reader,
    *,
    state: Annotated[Which, Query(description="Only those that are open, or all that ever were.")] = Which.OPEN,
    subject: Annotated[
        str | None, Query(max_length=500, description="Only about this pipeline, or this channel.")
    ] = None,
    environment: Environment = None,
    kind: Annotated[Kind | None, Query(description="Only of this kind.")] = None,
    severity: Annotated[Severity | None, Query(description="Only of this severity.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return alerts: open ones first, then by when they were last seen.

    One that is seen again while you read page by page moves to the front, and you may miss it.
    """
    environment = environment_for(actor, environment)
    with engine.store.reading() as tx:
        found = tx.alerts(
            open_only=state is Which.OPEN,
            subject=subject,
            environment=environment,
            kind=kind,
            severity=severity,
            after=read_cursor(cursor),
            limit=limit + 1,
        )
        return Json(page_of(found, limit, _position, lambda alert: read_alert(tx, alert)))


@router.get(
    "/alerts/{alert_id}",
    operation_id="get_alert",
    summary="Show the life of an alert",
    response_model=LifeDocument,
    responses=problems({404: "There is no such alert."}),
)
def get_alert(engine: OpenEngine, actor: Reader, alert_id: Id) -> Json:
    """Return an alert with its runs, who was told or not and why, and what the receivers answered."""
    with engine.store.reading() as tx:
        return Json(life_document(tx, read_life(tx, alert_of(tx, actor, alert_id))))


@router.get("/groups", operation_id="list_groups", summary="List groups", response_model=Page[Group])
def list_groups(engine: OpenEngine, actor: Reader, *, cursor: Cursor = None, limit: Limit = 50) -> Json:
    """Return the groups in which problems were told together, the newest first.

    A key for some environments does not get those that tell of others too, so a page may be short and yet have a next.
    """
    with engine.store.reading() as tx:
        found = tx.groups(after=read_cursor(cursor), limit=limit + 1)
        page = page_of(found, limit, _group_position, whole, sees=lambda group: sees_group(tx, actor, group))
    return Json(page)


@router.get(
    "/groups/{group_id}",
    operation_id="get_group",
    summary="Show a group",
    response_model=GroupDocument,
    responses=problems({404: "There is no such group."}),
)
def get_group(engine: OpenEngine, actor: Reader, group_id: Id) -> Json:
    """Return a group with all its problems."""
    with engine.store.reading() as tx:
        return Json(group_document(tx, group_of(tx, actor, group_id)))


def _position(alert: Alert) -> Position:
    return Position(at=alert.last_at, id=alert.id, open=alert.open)


def _group_position(group: Group) -> Position:
    return Position(at=group.opened_at, id=group.id)
