"""Keys, users and sessions, on every store."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from made import NOON, at
from tocsin.core.access import IDLE, LONGEST, ApiKey, Role, Scope, Session, User
from tocsin.errors import StoreError
from tocsin.store.protocol import Store, Transaction


def api_key(key_id: str = "4f2a90c1d5e8", **changes: Any) -> ApiKey:
    """Return a key that may report runs."""
    made = ApiKey(
        id=key_id,
        name="ci",
        hash="ab" * 32,
        scopes=(Scope.INGEST,),
        created_at=NOON,
        created_by="ann",
    )
    return replace(made, **changes)


def user(name: str = "ann", **changes: Any) -> User:
    """Return a user with a password."""
    return replace(User(name=name, role=Role.ACT, created_at=NOON, password_hash="$argon2id$…"), **changes)


def session(session_id: str = "s1", **changes: Any) -> Session:
    """Return a session of Ann that began at noon."""
    return replace(Session(id=session_id, user="ann", created_at=NOON, seen_at=NOON, origin="::1"), **changes)


def test_a_key_comes_back_as_it_was(store: Store) -> None:
    """Every field survives; saving a key again replaces it."""
    full = api_key(
        name="laptop \ud800\0",
        scopes=(Scope.READ, Scope.ACT),
        environments=("prod", ""),
        expires_at=at(90),
        revoked_at=at(5),
        revoked_by="bob",
        last_used_at=at(4),
    )
    with store.writing() as tx:
        tx.save_api_key(api_key())
        tx.save_api_key(api_key("other"))
        tx.save_api_key(replace(full, id="other"))
    with store.reading() as tx:
        assert tx.api_key("4f2a90c1d5e8") == api_key()
        assert tx.api_key("other") == replace(full, id="other")
        assert tx.api_key("4f2a") is None


def test_no_environment_differs_from_all(store: Store) -> None:
    """A key without a limit and a key for no environment stay what they are."""
    with store.writing() as tx:
        tx.save_api_key(api_key("all"))
        tx.save_api_key(api_key("none", environments=()))
        assert [key.environments for key in (tx.api_key("all"), tx.api_key("none")) if key] == [None, ()]


def test_keys_are_listed_newest_first(store: Store) -> None:
    """All are there, revoked ones too."""
    with store.writing() as tx:
        tx.save_api_key(api_key("1", revoked_at=at(9)))
        tx.save_api_key(api_key("3", created_at=at(2)))
        tx.save_api_key(api_key("2", created_at=at(1)))
        assert [key.id for key in tx.api_keys()] == ["3", "2", "1"]


def test_a_key_or_a_user_is_somebody(store: Store) -> None:
    """One key or one user is enough, whatever has become of it since."""
    with store.reading() as tx:
        assert not tx.knows_anybody()
    saves: list[Callable[[Transaction], None]] = [
        lambda tx: tx.save_api_key(api_key(revoked_at=at(1))),
        lambda tx: tx.save_user(user(disabled=True)),
    ]
    for save in saves:
        with suppress(ZeroDivisionError), store.writing() as tx:
            save(tx)
            assert tx.knows_anybody()
            raise ZeroDivisionError  # takes it back


def test_a_user_comes_back_as_they_were(store: Store) -> None:
    """Every field survives, and a user is found by name and by identity."""
    known = user("bob", password_hash=None, identity="https://id.example 1\ud800", role=Role.ADMIN, disabled=True)
    with store.writing() as tx:
        tx.save_user(user(role=Role.READ))
        tx.save_user(user())
        tx.save_user(known)
    with store.reading() as tx:
        assert tx.user("ann") == user()
        assert tx.user("Ann") is None
        assert tx.user_with_identity("https://id.example 1\ud800") == known
        assert tx.user_with_identity("https://id.example 2") is None
        assert tx.users() == [user(), known]


def test_an_identity_is_one_user(store: Store) -> None:
    """Nobody becomes somebody else by having their identity."""
    with store.writing() as tx:
        tx.save_user(user("bob", identity="https://id.example 1"))
        tx.save_user(user("bob", identity="https://id.example 1", disabled=True))
    with (
        pytest.raises(StoreError, match=r"user ann was not saved: another user has the identity https://id\.example 1"),
        store.writing() as tx,
    ):
        tx.save_user(user("ann", identity="https://id.example 1"))
    with store.reading() as tx:
        assert [each.name for each in tx.users()] == ["bob"]


def test_a_session_comes_back_until_it_is_dropped(store: Store) -> None:
    """It is replaced by its id, and forgotten when somebody logs out."""
    with store.writing() as tx:
        tx.save_session(session())
        tx.save_session(session(seen_at=at(3)))
        assert tx.session("s1") == session(seen_at=at(3))
        tx.drop_session("s1")
        tx.drop_session("s1")
        assert tx.session("s1") is None


def test_all_sessions_of_a_user_go_together(store: Store) -> None:
    """Those of others stay."""
    with store.writing() as tx:
        tx.save_session(session("1"))
        tx.save_session(session("2"))
        tx.save_session(session("3", user="bob"))
        assert (tx.drop_sessions_of("ann"), tx.drop_sessions_of("ann")) == (2, 0)
        assert (tx.session("1"), tx.session("3")) == (None, session("3", user="bob"))


def test_sessions_that_are_over_are_dropped(store: Store) -> None:
    """A session is over when it was idle for too long, and when it lasted for too long."""
    with store.writing() as tx:
        tx.save_session(session("idle"))
        tx.save_session(session("used", seen_at=NOON + IDLE))
        tx.save_session(session("old", seen_at=NOON + LONGEST, created_at=NOON + IDLE - LONGEST))
        tx.drop_sessions_over(NOON + IDLE - timedelta(microseconds=1))
        assert all(tx.session(each) for each in ("idle", "used", "old"))
        tx.drop_sessions_over(NOON + IDLE)
        assert [each for each in ("idle", "used", "old") if tx.session(each)] == ["used"]
