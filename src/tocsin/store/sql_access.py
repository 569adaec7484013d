"""Keys, users and sessions in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, or_, select
from sqlalchemy.exc import IntegrityError

from tocsin.core.access import ApiKey, Session, User
from tocsin.store.refusal import identity_is_taken
from tocsin.store.sql_rows import Rows, dump, load
from tocsin.store.tables import IDENTIFIED, api_keys, sessions, users

_ANYBODY = select(or_(exists().select_from(api_keys), exists().select_from(users)))
_KEY = select(api_keys.c.data).where(api_keys.c.id == bindparam("id"))
_KEYS = select(api_keys.c.data).order_by(api_keys.c.created_at.desc(), api_keys.c.id.desc())
_USER = select(users.c.data).where(users.c.name == bindparam("name"))
_IDENTIFIED = select(users.c.data).where(IDENTIFIED, users.c.identity == bindparam("identity"))
_USERS = select(users.c.data).order_by(users.c.name)
_SESSION = select(sessions.c.data).where(sessions.c.id == bindparam("id"))
_DROP = delete(sessions).where(sessions.c.id == bindparam("id"))
_DROP_OF = delete(sessions).where(sessions.c.user == bindparam("user"))
_DROP_OVER = delete(sessions).where(sessions.c.over_at <= bindparam("now"))


class Access(Rows):
    """The part of a transaction that is about who may do what."""

    def knows_anybody(self) -> bool:
        """Return whether there is a key or a user; looks at one row of each table at most."""
        return bool(self._connection.scalar(_ANYBODY))

    def api_key(self, key_id: str) -> ApiKey | None:
        """Return the key with exactly this id; served by the primary key."""
        text = self._connection.scalar(_KEY, {"id": key_id})
        return None if text is None else load(ApiKey, text)

    def api_keys(self) -> Sequence[ApiKey]:
        """Return all keys, newest first; there are not so many that they need an index."""
        return [load(ApiKey, text) for text in self._connection.scalars(_KEYS)]

    def save_api_key(self, key: ApiKey) -> None:
        """Insert or replace a key; served by the primary key."""
        self._replace(api_keys, {"id": key.id, "created_at": key.created_at, "data": dump(key)})

    def user(self, name: str) -> User | None:
        """Return the user with exactly this name; served by the primary key."""
        text = self._connection.scalar(_USER, {"name": name})
        return None if text is None else load(User, text)

    def user_with_identity(self, identity: str) -> User | None:
        """Return the user whom an issuer names so; served by `users_by_identity`."""
        text = self._connection.scalar(_IDENTIFIED, {"identity": identity})
        return None if text is None else load(User, text)

    def users(self) -> Sequence[User]:
        """Return all users; served by the primary key."""
        return [load(User, text) for text in self._connection.scalars(_USERS)]

    def save_user(self, user: User) -> None:
        """Insert or replace a user; served by the primary key, guarded by `users_by_identity`."""
        try:
            self._replace(users, {"name": user.name, "identity": user.identity, "data": dump(user)})
        except IntegrityError as error:
            raise identity_is_taken(user) from error

    def session(self, session_id: str) -> Session | None:
        """Return the session with exactly this id; served by the primary key."""
        text = self._connection.scalar(_SESSION, {"id": session_id})
        return None if text is None else load(Session, text)

    def save_session(self, session: Session) -> None:
        """Insert or replace a session; served by the primary key."""
        row = {"id": session.id, "user": session.user, "over_at": session.over_at, "data": dump(session)}
        self._replace(sessions, row)

    def drop_session(self, session_id: str) -> None:
        """Forget a session; served by the primary key."""
        self._write(_DROP, {"id": session_id})

    def drop_sessions_of(self, user: str) -> int:
        """Forget all sessions of a user; served by `sessions_by_user`."""
        return self._write(_DROP_OF, {"user": user})

    def drop_sessions_over(self, now: datetime) -> None:
        """Forget the sessions that are over; served by `sessions_by_end`."""
        self._write(_DROP_OVER, {"now": now})
