"""Keys, people and the audit trail in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tocsin.core.access import Action, ApiKey, AuditEntry, Session, User
from tocsin.store.memory_state import Part
from tocsin.store.refusal import identity_is_taken


class Access(Part):
    """The part of a transaction that is about who may do what, and who did."""

    def knows_anybody(self) -> bool:
        """Whether there is a key or a user, be it one that opens nothing any more."""
        return bool(self._read.api_keys or self._read.users)

    def api_key(self, key_id: str) -> ApiKey | None:
        """Return the key with exactly this id."""
        return self._read.api_keys.get(key_id)

    def api_keys(self) -> Sequence[ApiKey]:
        """Return all keys, newest first."""
        return sorted(self._read.api_keys.values(), key=lambda key: (key.created_at, key.id), reverse=True)

    def save_api_key(self, key: ApiKey) -> None:
        """Insert or replace a key."""
        self._write.api_keys[key.id] = key

    def user(self, name: str) -> User | None:
        """Return the user with exactly this name."""
        return self._read.users.get(name)

    def user_with_identity(self, identity: str) -> User | None:
        """Return the user whom an issuer of OpenID Connect names so."""
        return next((user for user in self._read.users.values() if user.identity == identity), None)

    def users(self) -> Sequence[User]:
        """Return all users, by name."""
        return sorted(self._read.users.values(), key=lambda user: user.name)

    def save_user(self, user: User) -> None:
        """Insert or replace a user, unless another has that identity."""
        other = self.user_with_identity(user.identity) if user.identity is not None else None
        if other and other.name != user.name:
            raise identity_is_taken(user)
        self._write.users[user.name] = user

    def session(self, session_id: str) -> Session | None:
        """Return the session with exactly this id, also if it is over."""
        return self._read.sessions.get(session_id)

    def save_session(self, session: Session) -> None:
        """Insert or replace a session."""
        self._write.sessions[session.id] = session

    def drop_session(self, session_id: str) -> None:
        """Forget a session."""
        self._write.sessions.pop(session_id, None)

    def drop_sessions_of(self, user: str) -> int:
        """Forget all sessions of a user, and return how many there were."""
        theirs = [session.id for session in self._read.sessions.values() if session.user == user]
        for session_id in theirs:
            self.drop_session(session_id)
        return len(theirs)

    def drop_sessions_over(self, now: datetime) -> None:
        """Forget the sessions that are over."""
        for session in list(self._read.sessions.values()):
            if session.over_at <= now:
                self.drop_session(session.id)

    def add_audit(self, entries: Sequence[AuditEntry]) -> None:
        """Append entries; the store gives them their numbers."""
        trail = self._write.audit
        trail += [replace(entry, number=number) for number, entry in enumerate(entries, start=len(trail) + 1)]

    def audit(
        self,
        *,
        actor: str | None = None,
        subject: str | None = None,
        action: Action | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[AuditEntry]:
        """Return entries, newest first."""
        found = [
            entry
            for entry in reversed(self._read.audit)
            if actor in {None, entry.actor}
            and subject in {None, entry.subject}
            and action in {None, entry.action}
            and (before is None or entry.number < before)
        ]
        return found[:limit]

    def count_failed_logins(
        self, *, since: datetime, most: int, user: str | None = None, origin: str | None = None
    ) -> int:
        """Return how many logins of a user, or from an address, failed after `since`; counting ends at `most`."""
        failed = [
            entry
            for entry in self._read.audit
            if entry.action is Action.LOGIN_FAILED
            and entry.at > since
            and user in {None, entry.subject}
            and origin in {None, entry.origin}
        ]
        return min(len(failed), most)
