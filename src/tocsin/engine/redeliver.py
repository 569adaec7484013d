"""A message that was sent or given up goes out once more, because somebody says so."""

from __future__ import annotations

from dataclasses import replace

from tocsin.core.access import COMMAND_LINE, Action, AuditEntry
from tocsin.core.outbox import Notification, Status
from tocsin.engine.engine import Engine
from tocsin.engine.keys import key_of
from tocsin.errors import NotFound, Refused
from tocsin.store.protocol import Transaction

#: What is no message of its own, or is one still on its way.
_WHY_NOT = {
    Status.WAITING: "it waits to be sent, and is tried again by itself",
    Status.GROUPED: "it was told in a message of its group: send that one again",
    Status.NOT_TOLD: "it was decided not to tell it, so there is no message",
}


def redeliver(engine: Engine, notification_id: str, *, by: str, origin: str = COMMAND_LINE) -> Notification:
    """Let a message be sent once more, with an idempotency key of its own so that the receiver takes it.

    Each notification is sent again once, so that to ask twice sends no more than to ask once; what came of that can be
    sent again in its turn.

    Args:
        engine: Whose store to use.
        notification_id: The whole id.
        by: Who asks for it.
        origin: From where, for the audit trail.

    Returns:
        The notification that is sent, or was if this has been asked before.

    Raises:
        NotFound: There is no such notification.
        Refused: It has no message, that waits still, or its channel is not configured any more.
        StoreError: The store cannot be written.
    """
    now = engine.clock()
    with engine.store.writing() as tx:
        known = _known(tx, notification_id)
        if known.status in _WHY_NOT:
            raise Refused(f"notification {known.id} is not sent again: {_WHY_NOT[known.status]}")
        if known.channel not in engine.outlets:
            raise Refused(f"notification {known.id} is not sent again: no channel is called {known.channel!r} any more")
        again = replace(
            known,
            id=once_more(known.id),
            status=Status.WAITING,
            because=f"sent again by {by}",
            created_at=now,
            due_at=now,
            attempts=0,
            only=(),
            last_error="",
        )
        if not tx.add_notification(again):
            return _known(tx, again.id)
        detail = f"{known.channel}: {known.message.title}" if known.message else known.channel
        tx.add_audit(
            [AuditEntry(at=now, actor=by, origin=origin, action=Action.REDELIVER, subject=known.id, detail=detail)]
        )
        return again


def once_more(notification_id: str) -> str:
    """Return the id of the notification by which this one is sent again."""
    return key_of(notification_id, "once more")


def _known(tx: Transaction, notification_id: str) -> Notification:
    known = tx.notification(notification_id)
    if known is None:
        raise NotFound(f"there is no notification with the id {notification_id[:100]!r}")
    return known
