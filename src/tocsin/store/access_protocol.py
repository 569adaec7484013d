"""What the server asks of a store about keys and people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tocsin.core.access import Action, ApiKey, AuditEntry, Session, User


class AccessTransaction(Protocol):
    """The part of a transaction that is about who may do what, and who did."""

    def knows_anybody(self) -> bool:
        """Whether there is a key or a user, be it one that opens nothing any more."""

    # Keys

    def api_key(self, key_id: str) -> ApiKey | None:
        """Return the key with exactly this id."""

    def api_keys(self) -> Sequence[ApiKey]:
        """Return all keys, newest first."""

    def save_api_key(self, key: ApiKey) -> None:
        """Insert or replace a key."""

    # Users

    def user(self, name: str) -> User | None:
        """Return the user with exactly this name."""

    def user_with_identity(self, identity: str) -> User | None:
        """Return the user whom an issuer of OpenID Connect names so."""

    def users(self) -> Sequence[User]:
        """Return all users, by name."""

    def save_user(self, user: User) -> None:
        """Insert or replace a user.

        Raises:
            StoreError: Another user has that identity.
        """

    # Sessions

    def session(self, session_id: str) -> Session | None:
        """Return the session with exactly this id, also if it is over."""

    def save_session(self, session: Session) -> None:
        """Insert or replace a session."""

    def drop_session(self, session_id: str) -> None:
        """Forget a session."""

    def drop_sessions_of(self, user: str) -> int:
        """Forget all sessions of a user, and return how many there were."""

    def drop_sessions_over(self, now: datetime) -> None:
        """Forget the sessions that are over."""

    # The audit trail

    def add_audit(self, entries: Sequence[AuditEntry]) -> None:
        """Append entries; the store gives them their numbers."""

    def audit(
        self,
        *,
        actor: str | None = None,
        subject: str | None = None,
        action: Action | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[AuditEntry]:
        """Return entries, newest first; `before` is the number of one, and exclusive."""

    def count_failed_logins(
        self, *, since: datetime, most: int, user: str | None = None, origin: str | None = None
    ) -> int:
        """Return how many logins of a user, or from an address, failed after `since`; counting ends at `most`."""
