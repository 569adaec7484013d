"""The audit trail in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from tocsin.core.access import Action, AuditEntry
from tocsin.store.sql_rows import Rows, dump, load
from tocsin.store.tables import FAILED_LOGIN, audit

_APPEND = audit.insert()
_ENTRIES = select(audit.c.number, audit.c.data).order_by(audit.c.number.desc()).limit(bindparam("limit"))
_FAILED = select(audit.c.number).where(FAILED_LOGIN, audit.c.at > bindparam("since")).limit(bindparam("most"))


class Audit(Rows):
    """The part of a transaction that is about who did what."""

    def add_audit(self, entries: Sequence[AuditEntry]) -> None:
        """Append entries; the database gives them their numbers."""
        if entries:
            self._write(_APPEND, [_row(entry) for entry in entries])

    def audit(
        self,
        *,
        actor: str | None = None,
        subject: str | None = None,
        action: Action | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[AuditEntry]:
        """Return entries, newest first; served by the primary key, `audit_by_actor` or `audit_by_subject`."""
        asked = {"actor": actor, "subject": subject, "action": action}
        given = {name: value for name, value in asked.items() if value is not None}
        statement = _ENTRIES.where(*(audit.c[name] == value for name, value in given.items()))
        if before is not None:
            statement = statement.where(audit.c.number < before)
        rows = self._connection.execute(statement, {"limit": limit})
        return [replace(load(AuditEntry, row.data), number=row.number) for row in rows]

    def count_failed_logins(
        self, *, since: datetime, most: int, user: str | None = None, origin: str | None = None
    ) -> int:
        """Return how many logins failed; served by `audit_failed_by_user` and `audit_failed_by_origin`."""
        statement = _FAILED
        if user is not None:
            statement = statement.where(audit.c.subject == user)
        if origin is not None:
            statement = statement.where(audit.c.origin == origin)
        return len(self._connection.scalars(statement, {"since": since, "most": most}).all())


def _row(entry: AuditEntry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "actor": entry.actor,
        "origin": entry.origin,
        "action": entry.action,
        "subject": entry.subject,
        "data": dump(entry),
    }
