"""Alerts in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, or_, select
from sqlalchemy.exc import IntegrityError

from tocsin.core.alert import Alert
from tocsin.core.outbox import Status
from tocsin.store.protocol import FOUND
from tocsin.store.refusal import another_is_open
from tocsin.store.sql_rows import Rows, begins_with, dump, load
from tocsin.store.tables import OPEN, alerts, notifications

_ALERTS = select(alerts.c.data)
_OPEN_ALERT = _ALERTS.where(alerts.c.fingerprint == bindparam("fingerprint"), OPEN)
_OPEN_ALERTS = _ALERTS.where(alerts.c.fingerprint.in_(bindparam("fingerprints", expanding=True)), OPEN)
_NEWEST_FIRST = (alerts.c.last_at.desc(), alerts.c.id.desc())
_FIND = _ALERTS.where(alerts.c.id.between(bindparam("low"), bindparam("high"))).order_by(*_NEWEST_FIRST).limit(FOUND)


_told = notifications.alias("told")
_later = notifications.alias("later")
_HEARD = [Status.WAITING, Status.SENT]
_TOLD = exists().where(_told.c.alert_id == alerts.c.id, _told.c.status.in_(_HEARD))
_TOLD_AFTER = exists().where(
    _later.c.alert_id == _told.c.alert_id,
    _later.c.channel == _told.c.channel,
    _later.c.status.in_(_HEARD),
    _later.c.created_at > bindparam("told_before"),
)
_TO_REPEAT = (
    _ALERTS.where(OPEN, alerts.c.fingerprint > bindparam("after"))
    .where(or_(~_TOLD, _TOLD.where(_told.c.created_at <= bindparam("told_before"), ~_TOLD_AFTER)))
    .order_by(alerts.c.fingerprint)
    .limit(bindparam("limit"))
)


class Alerts(Rows):
    """The part of a transaction that is about alerts."""

    def open_alert(self, fingerprint: str) -> Alert | None:
        """Return the one open alert with this fingerprint; served by `alerts_one_open`."""
        text = self._connection.scalar(_OPEN_ALERT, {"fingerprint": fingerprint})
        return None if text is None else load(Alert, text)

    def open_alerts(self, fingerprints: Collection[str]) -> Mapping[str, Alert]:
        """Return the open alerts with these fingerprints; served by `alerts_one_open`."""
        texts = self._connection.scalars(_OPEN_ALERTS, {"fingerprints": list(fingerprints)})
        return {alert.fingerprint: alert for alert in (load(Alert, text) for text in texts)}

    def alerts_to_repeat(self, told_before: datetime, *, after: str = "", limit: int) -> Sequence[Alert]:
        """Return alerts that have to be told again; served by `alerts_open_first` and `notifications_by_alert`."""
        values = {"told_before": told_before, "after": after, "limit": limit}
        return [load(Alert, text) for text in self._connection.scalars(_TO_REPEAT, values)]

    def find_alerts(self, prefix: str) -> Sequence[Alert]:
        """Return the alerts whose id begins with `prefix`; served by the primary key."""
        return [load(Alert, text) for text in self._connection.scalars(_FIND, begins_with(prefix))]

    def save_alert(self, alert: Alert) -> None:
        """Insert or replace an alert; served by the primary key, guarded by `alerts_one_open`."""
        try:
            self._replace(alerts, _row(alert))
        except IntegrityError as error:
            raise another_is_open(alert) from error

    def save_alerts(self, changed: Sequence[Alert]) -> None:
        """Do as `save_alert` with each of them."""
        if len(changed) == 1:
            self.save_alert(changed[0])
        elif changed:
            self._replace(alerts, [_row(alert) for alert in changed])

    def alerts(self, *, open_only: bool = False, subject: str | None = None, limit: int = 50) -> Sequence[Alert]:
        """Return alerts, open ones first; served by `alerts_by_subject` or `alerts_open_first`."""
        query = _ALERTS.order_by(alerts.c.open.desc(), *_NEWEST_FIRST).limit(limit)
        if open_only:
            query = query.where(OPEN)
        if subject is not None:
            query = query.where(alerts.c.subject == subject)
        return [load(Alert, text) for text in self._connection.scalars(query)]


def _row(alert: Alert) -> Mapping[str, Any]:
    return {
        "id": alert.id,
        "fingerprint": alert.fingerprint,
        "subject": alert.subject,
        "open": alert.open,
        "last_at": alert.last_at,
        "data": dump(alert),
    }
