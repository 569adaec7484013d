"""What one channel could not deliver is told by others."""

from __future__ import annotations

from datetime import datetime

from tocsin.core.notify import Reason, Told
from tocsin.core.outbox import Notification, Status
from tocsin.core.policy import Policy
from tocsin.engine.engine import Engine
from tocsin.engine.keys import key_of
from tocsin.engine.ways import usable
from tocsin.store.protocol import Transaction


def notify_fallback(engine: Engine, tx: Transaction, failed: Notification) -> None:
    """Tell other channels what one channel could not deliver, and what has been decided since of the same problem."""
    if failed.message is None or (failed.alert_id is None and failed.reason is Reason.CHANNEL_FAILED):
        return
    for channel in _fallbacks(engine, tx, failed):
        for each in (failed, *_behind(tx, failed)):
            _stand_in(engine, tx, each, channel)


def _stand_in(engine: Engine, tx: Transaction, failed: Notification, channel: str) -> None:
    now = engine.clock()
    told = tx.told(failed.alert_id, channel) if failed.alert_id is not None else None
    if told is not None and _is_known(failed, told, now, engine.config.policy):
        return
    tx.add_notification(
        Notification(
            # One a channel and change, so that channels which stand in for each other come to an end.
            id=key_of(failed.alert_id or failed.id, channel, str(failed.seq), "fallback"),
            channel=channel,
            reason=Reason.CHANNEL_FAILED,
            message=failed.message,
            created_at=now,
            due_at=now,
            severity=failed.severity,
            alert_id=failed.alert_id,
            seq=failed.seq,
            said=failed.said,
        )
    )


def _behind(tx: Transaction, failed: Notification) -> list[Notification]:
    """Return what waits behind a message on its channel.

    It may be delivered there yet. But it was decided when the stand-ins knew nothing, and may be the end of what they
    are about to hear.
    """
    if failed.alert_id is None:
        return []
    waiting = tx.notifications(alert_id=failed.alert_id, channel=failed.channel, status=Status.WAITING)
    return sorted((one for one in waiting if one.seq > failed.seq), key=lambda one: one.seq)


def _fallbacks(engine: Engine, tx: Transaction, failed: Notification) -> list[str]:
    """Return the channels that stand in for the one that could not deliver."""
    configured = next((c.fallback for c in engine.config.channels if c.name == failed.channel), None)
    names = [configured] if configured is not None and configured in engine.channels else list(engine.channels)
    about = next(iter(tx.find_alerts(failed.alert_id)), None) if failed.alert_id is not None else None
    return [name for name in usable(engine, about, names) if name != failed.channel]


def _is_known(failed: Notification, told: Told, now: datetime, policy: Policy) -> bool:
    """Whether a stand-in has heard what was not delivered; the same once more is told after the repeat interval."""
    same = failed.reason in {Reason.NEW, Reason.REPEAT} and now - told.at < policy.repeat_every
    return same or told.seq >= failed.seq
