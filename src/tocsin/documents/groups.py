"""Problems that were told together, as a document."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.core.group import Group, Member
from tocsin.documents.alerts import read_alert
from tocsin.store.protocol import Transaction


def group_document(tx: Transaction, group: Group) -> dict[str, object]:
    """Return a group: in `group` its facts, in `alerts` its problems, those that go on first."""
    return {"group": group, "alerts": [read_alert(tx, member.alert) for member in sorted_members(tx, group)]}


def sorted_members(tx: Transaction, group: Group) -> Sequence[Member]:
    """Return the problems of a group, those that go on first."""
    members = tx.members(group.id)
    return sorted(members, key=lambda member: (not member.alert.open, member.alert.since, member.alert.subject))
