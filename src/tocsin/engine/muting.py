"""What keeps a problem from being told: a snooze, a silence, maintenance, or the hours of its route."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tocsin.core.alert import Alert
from tocsin.core.labels import Labels
from tocsin.core.maintenance import maintained_by
from tocsin.core.notify import Muted, Reason
from tocsin.core.policy import Policy
from tocsin.core.silence import Silence, silenced_by
from tocsin.engine.engine import Engine


def muted_by(engine: Engine, alert: Alert, labels: Labels, silences: Sequence[Silence], now: datetime) -> Muted | None:
    """Return what mutes an alert for everybody."""
    if alert.snoozed_until is not None and now < alert.snoozed_until:
        because = f"by {alert.snoozed_by}"
        return Muted(reason=Reason.SNOOZED, because=because, until=alert.snoozed_until)
    if (silence := silenced_by(labels, silences, now)) is not None:
        because = f"silence {silence.id[:8]} of {silence.author}: {silence.reason}"
        return Muted(reason=Reason.SILENCED, because=because, until=silence.over_at)
    if (maintenance := maintained_by(labels, engine.config.maintenance, now)) is not None:
        because = ": ".join(part for part in (maintenance.name, maintenance.reason) if part)
        return Muted(reason=Reason.MAINTENANCE, because=because, until=maintenance.changes_after(now))
    return None


def muted_by_route(policy: Policy, route: str, now: datetime) -> Muted | None:
    """Return whether the hours of a route mute all that takes it."""
    if policy.tells_at(now):
        return None
    return Muted(reason=Reason.ROUTE_MUTED, because=route, until=policy.changes_after(now))
