"""Alerts in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, false, func, literal, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from tocsin.core.alert import Alert
from tocsin.core.finding import Kind
from tocsin.core.position import Position
from tocsin.core.severity import Severity
from tocsin.store.protocol import FOUND
from tocsin.store.refusal import another_is_open
from tocsin.store.sql_rows import Rows, begins_with, dump, in_bounds, load
from tocsin.store.tables import OPEN, TO_LOOK_AT, Key, Moment, alerts

_ALERTS = select(alerts.c.data)
_OPEN_ALERT = _ALERTS.where(alerts.c.fingerprint == bindparam("fingerprint"), OPEN)
_OPEN_ALERTS = _ALERTS.where(alerts.c.fingerprint.in_(bindparam("fingerprints", expanding=True)), OPEN)
_NEWEST_FIRST = (alerts.c.last_at.desc(), alerts.c.id.desc())
_FIND = _ALERTS.where(*in_bounds(alerts.c.id)).order_by(*_NEWEST_FIRST).limit(FOUND)


_closed = alerts.alias("closed")
_LAST = (
    select(_closed.c.id)
    .where(_closed.c.fingerprint == alerts.c.fingerprint, _closed.c.open.is_(false()))
    .order_by(_closed.c.last_at.desc(), _closed.c.id.desc())
    .limit(1)
)
_LAST_ALERTS = _ALERTS.where(
    alerts.c.fingerprint.in_(bindparam("fingerprints", expanding=True)),
    alerts.c.open.is_(false()),
    alerts.c.id == _LAST.scalar_subquery(),
)
_DUE = (
    _ALERTS.where(TO_LOOK_AT, alerts.c.look_at <= bindparam("now"))
    .order_by(alerts.c.look_at, alerts.c.id)
    .limit(bindparam("limit"))
)
_SEVERITY = case({each.value: each.order for each in Severity}, value=alerts.c.severity)
_PLAN = update(alerts).where(alerts.c.id == bindparam("planned")).values(look_at=bindparam("at"))
_PLAN_OPEN = update(alerts).where(OPEN).values(look_at=bindparam("at"))
#: What `plan_alerts` alone changes.
_PLANNED = ("look_at",)


class Alerts(Rows):
    """The part of a transaction that is about alerts."""

    def open_alert(self, fingerprint: str) -> Alert | None:
        """Return the one open alert with this fingerprint; served by `alerts_by_fingerprint`."""
        text = self._connection.scalar(_OPEN_ALERT, {"fingerprint": fingerprint})
        return None if text is None else load(Alert, text)

    def open_alerts(self, fingerprints: Collection[str]) -> Mapping[str, Alert]:
        """Return the open alerts with these fingerprints; served by `alerts_by_fingerprint`."""
        if not fingerprints:
            return {}
        texts = self._connection.scalars(_OPEN_ALERTS, {"fingerprints": list(fingerprints)})
        return {alert.fingerprint: alert for alert in (load(Alert, text) for text in texts)}

    def last_alerts(self, fingerprints: Collection[str]) -> Mapping[str, Alert]:
        """Return the alerts that were over last, by fingerprint; served by `alerts_by_fingerprint`."""
        texts = self._connection.scalars(_LAST_ALERTS, {"fingerprints": list(fingerprints)})
        return {alert.fingerprint: alert for alert in (load(Alert, text) for text in texts)}

    def due_alerts(self, now: datetime, *, limit: int) -> Sequence[Alert]:
        """Return the alerts that have to be looked at; served by `alerts_to_look_at`."""
        return [load(Alert, text) for text in self._connection.scalars(_DUE, {"now": now, "limit": limit})]

    def plan_alerts(self, look_at: Mapping[str, datetime | None]) -> None:
        """Note when alerts have to be looked at next; served by the primary key."""
        if look_at:
            self._write(_PLAN, [{"planned": alert_id, "at": at} for alert_id, at in look_at.items()])

    def plan_open_alerts(self, at: datetime) -> None:
        """Let all open alerts be looked at by this time; served by `alerts_open_first`."""
        self._write(_PLAN_OPEN, {"at": at})

    def find_alerts(self, prefix: str) -> Sequence[Alert]:
        """Return the alerts whose id begins with `prefix`; served by the primary key."""
        return [load(Alert, text) for text in self._connection.scalars(_FIND, begins_with(prefix))]

    def save_alert(self, alert: Alert) -> None:
        """Insert or replace an alert; served by the primary key, guarded by `alerts_one_open`."""
        try:
            self._replace(alerts, _row(alert), keep=_PLANNED)
        except IntegrityError as error:
            raise another_is_open(alert) from error

    def save_alerts(self, changed: Sequence[Alert]) -> None:
        """Do as `save_alert` with each of them."""
        if len(changed) == 1:
            self.save_alert(changed[0])
        elif changed:
            self._replace(alerts, [_row(alert) for alert in changed], keep=_PLANNED)

    def alerts(
        self,
        *,
        open_only: bool = False,
        subject: str | None = None,
        environment: str | None = None,
        kind: Kind | None = None,
        severity: Severity | None = None,
        since: datetime | None = None,
        after: Position | None = None,
        limit: int = 50,
    ) -> Sequence[Alert]:
        """Return alerts, open ones first; served by `alerts_by_subject` or `alerts_open_first`."""
        query = _ALERTS.order_by(alerts.c.open.desc(), *_NEWEST_FIRST).limit(limit)
        if open_only:
            query = query.where(OPEN)
        query = query.where(*_about(subject=subject, environment=environment, kind=kind, severity=severity))
        if since is not None:
            query = query.where(alerts.c.last_at >= since)
        if after is not None:
            left = (literal(after.open, alerts.c.open.type), literal(after.at, Moment()), literal(after.id, Key()))
            query = query.where(tuple_(alerts.c.open, alerts.c.last_at, alerts.c.id) < tuple_(*left))
        return [load(Alert, text) for text in self._connection.scalars(query)]

    def worst_alerts(
        self,
        *,
        environment: str | None = None,
        subject: str | None = None,
        severity: Severity | None = None,
        limit: int,
    ) -> Sequence[Alert]:
        """Return open alerts, the most severe first; served by `alerts_open_first` or `alerts_by_subject`."""
        about = _about(environment=environment, subject=subject, severity=severity)
        query = _ALERTS.where(OPEN, *about).order_by(_SEVERITY.desc(), *_NEWEST_FIRST).limit(limit)
        return [load(Alert, text) for text in self._connection.scalars(query)]

    def count_over(
        self,
        *,
        environment: str | None = None,
        subject: str | None = None,
        severity: Severity | None = None,
        most: int,
    ) -> int:
        """Return how many alerts are over; served by `alerts_open_first` or `alerts_by_subject`."""
        about = _about(environment=environment, subject=subject, severity=severity)
        over = select(alerts.c.id).where(alerts.c.open.is_(false()), *about).limit(most).subquery()
        return self._connection.scalar(select(func.count()).select_from(over)) or 0


def _about(**given: str | None) -> list[ColumnElement[bool]]:
    return [alerts.c[name] == value for name, value in given.items() if value is not None]


def _row(alert: Alert) -> Mapping[str, Any]:
    return {
        "id": alert.id,
        "fingerprint": alert.fingerprint,
        "subject": alert.subject,
        "environment": alert.environment,
        "kind": alert.kind,
        "severity": alert.severity,
        "run_id": alert.run_id,
        "open": alert.open,
        "last_at": alert.last_at,
        "look_at": None,
        "data": dump(alert),
    }
