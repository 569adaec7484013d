"""What every store refuses, in the same words."""

from __future__ import annotations

from tocsin.core.access import User
from tocsin.core.alert import Alert
from tocsin.core.group import Group
from tocsin.errors import StoreError


def read_only() -> StoreError:
    """Return the error for a change in a transaction that was opened to read."""
    return StoreError("nothing was written: the transaction was opened with reading(); open it with writing()")


def another_is_open(alert: Alert) -> StoreError:
    """Return the error for a second open alert with one fingerprint."""
    return StoreError(
        f"alert {alert.id} was not saved: another alert about {alert.subject} ({alert.topic}, {alert.environment}) is "
        "open; read it with open_alert() in the same transaction and advance that one"
    )


def another_group_is_open(group: Group) -> StoreError:
    """Return the error for a second open group with the same key."""
    return StoreError(
        f"group {group.id} cannot be saved: another group of the same problems is open on {group.channel}"
    )


def identity_is_taken(user: User) -> StoreError:
    """Return the error for a second user with one identity at an issuer."""
    return StoreError(
        f"user {user.name} was not saved: another user has the identity {user.identity}; read that one with "
        "user_with_identity() in the same transaction"
    )
