"""Plain messages from the user's code take the routes of alerts."""

from __future__ import annotations

from datetime import datetime

from tocsin.core.event import Note
from tocsin.core.message import Message, Paragraph, Tone
from tocsin.core.notify import Reason
from tocsin.core.outbox import Notification
from tocsin.engine.engine import Engine
from tocsin.engine.keys import key_of
from tocsin.engine.ways import routes_for
from tocsin.store.protocol import Transaction


def notify_note(engine: Engine, tx: Transaction, event_id: str, note: Note, at: datetime) -> None:
    """Send a plain message through the routes."""
    now = engine.clock()
    pipeline = engine.config.pipeline(note.pipeline)
    labels = {
        "pipeline": note.pipeline,
        "environment": note.environment,
        "severity": note.severity.value,
        "kind": "note",
        "topic": "note",
        "owner": pipeline.owner,
        "tags": pipeline.tags,
    }
    title, _, rest = note.text.strip().partition("\n")
    message = Message(
        title=title,
        tone=Tone(note.severity.value),
        footer=f"Tocsin · message from your code{f' · {note.pipeline}' if note.pipeline else ''}",
        blocks=(Paragraph(text=rest.strip()),) if rest.strip() else (),
        at=at,
        severity=note.severity,
        data={"note": note.text},
    )
    usable = [name for route in routes_for(engine, labels) for name in route.channels if name in engine.channels]
    for channel in usable or engine.config.default_route.channels:
        tx.add_notification(
            Notification(
                id=key_of(event_id, channel),
                channel=channel,
                reason=Reason.PLAIN_MESSAGE,
                message=message,
                created_at=now,
                due_at=now,
                severity=note.severity,
            )
        )
