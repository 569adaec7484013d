"""Who was told, or not, and why; and what the receivers answered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tocsin.core.outbox import Notification, Status
from tocsin.core.position import Position
from tocsin.documents.notifications import NotificationDocument, notification_document
from tocsin.engine.redeliver import redeliver
from tocsin.errors import Refused
from tocsin.web.api.answer import Json, problems
from tocsin.web.api.paging import Cursor, Limit, page_of, read_cursor
from tocsin.web.api.seen import Doer, Id, Reader, notification_of, sees_notification
from tocsin.web.api.shapes import Page
from tocsin.web.problem import Problem
from tocsin.web.server import OpenEngine, ThisServer

router = APIRouter(prefix="/api/v1/notifications", tags=["notifications"])
_NOT_THERE = {404: "There is no such notification."}


@router.get(
    "", operation_id="list_notifications", summary="List notifications", response_model=Page[NotificationDocument]
)
def list_notifications(
    engine: OpenEngine,
    actor: Reader,
    *,
    alert: Annotated[
        str | None, Query(max_length=200, description="Only about the alert or group with this id.")
    ] = None,
    channel: Annotated[str | None, Query(max_length=500, description="Only on this channel.")] = None,
    status: Annotated[Status | None, Query(description="Only with this status.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return decisions to tell or not to tell, the newest first, with all attempts to send them.

    A key for some environments does not get those about others, so a page may be short and yet have a next.
    """
    with engine.store.reading() as tx:
        found = tx.notifications(
            alert_id=alert, channel=channel, status=status, after=read_cursor(cursor), limit=limit + 1
        )
        page = page_of(
            found,
            limit,
            lambda one: Position(at=one.created_at, id=one.id),
            lambda one: notification_document(one, tx.deliveries(one.id)),
            sees=lambda one: sees_notification(tx, actor, one),
        )
    return Json(page)


@router.get(
    "/{notification_id}",
    operation_id="get_notification",
    summary="Show a notification",
    response_model=NotificationDocument,
    responses=problems(_NOT_THERE),
)
def get_notification(engine: OpenEngine, actor: Reader, notification_id: Id) -> Json:
    """Return a decision to tell or not to tell, with all attempts to send it."""
    with engine.store.reading() as tx:
        one = notification_of(tx, actor, notification_id)
        return Json(notification_document(one, tx.deliveries(one.id)))


@router.post(
    "/{notification_id}/redeliver",
    operation_id="redeliver",
    summary="Send a message once more",
    response_model=NotificationDocument,
    responses=problems(_NOT_THERE | {409: "It has no message, or waits still."}),
)
def redeliver_notification(server: ThisServer, actor: Doer, notification_id: Id) -> Json:
    """Send a message that was sent or given up once more, as a notification of its own, which is returned.

    A notification is sent once more once: the same request again returns the same notification.
    """
    engine = server.engine
    with engine.store.reading() as tx:
        known: Notification = notification_of(tx, actor, notification_id)
    try:
        again = redeliver(engine, known.id, by=actor.name, origin=actor.origin)
    except Refused as error:
        raise Problem(409, str(error)) from error
    server.wake()
    with engine.store.reading() as tx:
        return Json(notification_document(again, tx.deliveries(again.id)))
