"""People: added, changed, and their sessions begun and ended."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.core.access import COMMAND_LINE, Action, AuditEntry, Role, Session, User, user_name
from tocsin.core.token import SECRET_BYTES, hash_of, token_text
from tocsin.core.words import listing
from tocsin.engine.engine import Engine
from tocsin.errors import NotFound
from tocsin.store.protocol import Transaction

#: That a session is used is written when the last such note is older than this.
SEEN_NOTED_EVERY = timedelta(minutes=1)
_SHOWN = 10


def add_user(engine: Engine, name: str, *, role: Role, password_hash: str, by: str, origin: str = COMMAND_LINE) -> User:
    """Add somebody who logs in by a password.

    Raises:
        ValueError: The name cannot be one, or somebody has it.
        StoreError: The store cannot be written, and nobody was added.
    """
    now = engine.clock()
    user = User(name=user_name(name), role=role, created_at=now, password_hash=password_hash)
    with engine.store.writing() as tx:
        if tx.user(user.name) is not None:
            raise ValueError(
                f"there is a user {user.name} already; to change the password or the role, type tocsin user password "
                f"{user.name} or tocsin user role {user.name} {role}"
            )
        tx.save_user(user)
        _note(engine, tx, Action.ADD_USER, user, by, origin, detail=f"role {role}")
    return user


def change_password(engine: Engine, name: str, password_hash: str, *, by: str, origin: str = COMMAND_LINE) -> User:
    """Give somebody another password, and end their sessions.

    Raises:
        NotFound: There is no such user.
        ValueError: They log in by OpenID Connect, and have no password.
        StoreError: The store cannot be written.
    """

    def changed(user: User) -> User:
        if user.identity is not None:
            raise ValueError(f"{user.name} logs in by OpenID Connect and has no password here; change it there")
        return replace(user, password_hash=password_hash)

    return _change(engine, name, changed, Action.CHANGE_PASSWORD, by=by, origin=origin)


def change_role(engine: Engine, name: str, role: Role, *, by: str, origin: str = COMMAND_LINE) -> User:
    """Give somebody another role; errors are those of `change_password`."""

    def changed(user: User) -> User:
        if user.identity is not None:
            raise ValueError(
                f"{user.name} logs in by OpenID Connect, which says the role at each login: change it there, or the "
                "roles of [tocsin.oidc]"
            )
        return replace(user, role=role)

    return _change(engine, name, changed, Action.CHANGE_ROLE, by=by, origin=origin, detail=f"role {role}")


def disable_user(engine: Engine, name: str, *, by: str, origin: str = COMMAND_LINE) -> User:
    """Let somebody in no more, and end their sessions; errors are those of `change_password`."""
    return _change(engine, name, lambda user: replace(user, disabled=True), Action.DISABLE_USER, by=by, origin=origin)


def enable_user(engine: Engine, name: str, *, by: str, origin: str = COMMAND_LINE) -> User:
    """Let somebody in again; errors are those of `change_password`."""
    return _change(engine, name, lambda user: replace(user, disabled=False), Action.ENABLE_USER, by=by, origin=origin)


def find_user(tx: Transaction, name: str) -> User:
    """Return the user with this name.

    Raises:
        NotFound: There is none; the message lists who there is.
    """
    user = tx.user(name.strip().lower())
    if user is None:
        names = listing([each.name for each in tx.users()], most=_SHOWN) or "none; tocsin user add adds one"
        raise NotFound(f"there is no user {name!r}; there are: {names}")
    return user


def begin_session(engine: Engine, tx: Transaction, user: User, *, origin: str, instead_of: str | None = None) -> str:
    """Let somebody in, and return the token for their cookie, of which only the hash is kept.

    Args:
        engine: Tells the time.
        tx: What the session is written in.
        user: Who has shown who they are.
        origin: Their address.
        instead_of: A token that they had before. It opens nothing any more: whoever may have planted it stays out.
    """
    now = engine.clock()
    token = token_text(secrets.token_bytes(SECRET_BYTES))
    if instead_of is not None:
        tx.drop_session(hash_of(instead_of))
    tx.drop_sessions_over(now)
    tx.save_session(Session(id=hash_of(token), user=user.name, created_at=now, seen_at=now, origin=origin))
    _note(engine, tx, Action.LOGIN, user, user.name, origin, detail=f"role {user.role}")
    return token


def who_has(tx: Transaction, token: str, engine: Engine) -> tuple[User, Session] | None:
    """Return whose session this is, or None if it is nobody's, is over, or its user was disabled."""
    session = tx.session(hash_of(token))
    if session is None or session.over_at <= engine.clock():
        return None
    user = tx.user(session.user)
    return (user, session) if user is not None and not user.disabled else None


def needs_note(session: Session, now: datetime) -> bool:
    """Whether it is so long since a use was noted that it is worth a transaction."""
    return now - session.seen_at >= SEEN_NOTED_EVERY


def note_seen(engine: Engine, session: Session) -> None:
    """Note that a session is used, so that it lasts.

    Raises:
        StoreError: The store cannot be written.
    """
    now = engine.clock()
    with engine.store.writing() as tx:
        # It may have ended since it was looked at, and must not come back.
        if (current := tx.session(session.id)) is not None:
            tx.save_session(replace(current, seen_at=now))


def end_session(engine: Engine, token: str, *, origin: str, everywhere: bool = False) -> None:
    """Log somebody out, here or everywhere; nothing happens for a session that is over.

    Raises:
        StoreError: The store cannot be written.
    """
    with engine.store.writing() as tx:
        if (found := who_has(tx, token, engine)) is None:
            return
        user, session = found
        if everywhere:
            tx.drop_sessions_of(user.name)
        else:
            tx.drop_session(session.id)
        _note(engine, tx, Action.LOGOUT_EVERYWHERE if everywhere else Action.LOGOUT, user, user.name, origin)


def _change(
    engine: Engine,
    name: str,
    changed: Callable[[User], User],
    action: Action,
    *,
    by: str,
    origin: str,
    detail: str = "",
) -> User:
    with engine.store.writing() as tx:
        user = changed(find_user(tx, name))
        tx.save_user(user)
        if action in {Action.CHANGE_PASSWORD, Action.DISABLE_USER}:
            tx.drop_sessions_of(user.name)
        _note(engine, tx, action, user, by, origin, detail=detail)
    return user


def _note(
    engine: Engine, tx: Transaction, action: Action, user: User, by: str, origin: str, *, detail: str = ""
) -> None:
    entry = AuditEntry(at=engine.clock(), actor=by, origin=origin, action=action, subject=user.name, detail=detail)
    tx.add_audit([entry])
