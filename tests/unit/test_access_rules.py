"""What keys, roles and sessions allow, and for how long."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from made import NOON, at
from tocsin.core.access import (
    IDLE,
    LONGEST,
    ApiKey,
    KeyState,
    Role,
    Scope,
    Session,
    check_password,
    granted,
    user_name,
)
from tocsin.core.redact import Redactor
from tocsin.core.token import SECRET_BYTES, fits, hash_of, key_id_of, key_text, token_text

KEY = ApiKey(id="4f2a90c1d5e8", name="ci", hash="", scopes=(Scope.INGEST,), created_at=NOON, created_by="ann")
TEXT = key_text("4f2a90c1d5e8", bytes(range(SECRET_BYTES)))


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        (Role.READ, {Scope.READ}),
        (Role.ACT, {Scope.READ, Scope.ACT}),
        (Role.ADMIN, {Scope.READ, Scope.ACT, Scope.ADMIN}),
    ],
)
def test_roles_allow_what_they_say(role: Role, scopes: set[Scope]) -> None:
    """Each role allows what the one below does, and no person reports runs."""
    assert role.scopes == scopes


def test_reporting_runs_lets_nobody_see_any() -> None:
    """The key of a pipeline opens one door only; scopes add up."""
    assert granted([Scope.INGEST]) == {Scope.INGEST}
    assert granted([Scope.INGEST, Scope.ACT]) == {Scope.INGEST, Scope.ACT, Scope.READ}
    assert granted([]) == frozenset()


def test_a_key_opens_until_it_expires_or_is_revoked() -> None:
    """At the moment of its expiry it is over; a key that was revoked is revoked for good."""
    assert KEY.state(at(10_000)) is KeyState.ACTIVE
    expiring = replace(KEY, expires_at=at(5))
    assert [expiring.state(at(minute)) for minute in (4.99, 5)] == [KeyState.ACTIVE, KeyState.EXPIRED]
    assert replace(expiring, revoked_at=at(1)).state(at(9)) is KeyState.REVOKED


def test_a_session_lasts_while_it_is_used() -> None:
    """It ends after a time without use, and after a longer one in any case."""
    session = Session(id="s", user="ann", created_at=NOON, seen_at=NOON)
    assert session.over_at == NOON + IDLE
    assert replace(session, seen_at=NOON + LONGEST - timedelta(minutes=1)).over_at == NOON + LONGEST


def test_a_key_is_recognised() -> None:
    """It says whose it is and which one, and has 256 bits of chance behind that."""
    assert re.fullmatch(r"tocsin_4f2a90c1d5e8_[\w-]{43}", TEXT)
    assert key_id_of(TEXT) == "4f2a90c1d5e8"
    assert len(token_text(bytes(SECRET_BYTES))) == 43


@pytest.mark.parametrize(
    "text", ["", "tocsin_", TEXT[:-1], TEXT + "A", TEXT.upper(), f" {TEXT}", TEXT + "\n", "\ud800"]
)
def test_what_is_no_key_has_no_id(text: str) -> None:
    """A key is taken whole or not at all."""
    assert key_id_of(text) is None


def test_only_the_whole_key_fits() -> None:
    """One character more, less or different does not; nothing fits what is not there."""
    kept = hash_of(TEXT)
    assert TEXT[8:] not in kept
    assert fits(TEXT, kept)
    wrong = [TEXT[:-1], TEXT + "A", TEXT[:-1] + "B", "", "\ud800"]
    assert [fits(text, kept) for text in wrong] == [False] * 5
    assert [fits(text, None) for text in ("", TEXT, "-" * 64)] == [False] * 3


def test_a_key_is_taken_out_of_texts() -> None:
    """The redactor knows the shape, wherever it stands."""
    for text in (f"posting with {TEXT} failed", f"https://x/?a={TEXT}", f'{{"key": "{TEXT}"}}', f"line\\n{TEXT}"):
        assert TEXT[20:] not in Redactor()(text)
    assert Redactor()("see tocsin_events_2026 and tocsin_home") == "see tocsin_events_2026 and tocsin_home"


@pytest.mark.parametrize(("text", "name"), [(" Ann ", "ann"), ("ann.B+x@a.example", "ann.b+x@a.example"), ("7", "7")])
def test_names_of_users_are_lower_case(text: str, name: str) -> None:
    """Ann and ann are one person."""
    assert user_name(text) == name


@pytest.mark.parametrize("text", ["", "-a", "a b", "ä", "a" * 65, "key ci", "a\x00", "\u0131nt"])
def test_what_cannot_be_a_name_is_refused(text: str) -> None:
    """Nobody is called like a key, and no name looks like another."""
    with pytest.raises(ValueError, match=r"cannot be the name of a user; write for example ann or ann@example\.com"):
        user_name(text)


def test_passwords_have_a_length() -> None:
    """Twelve characters are enough, and a book is too much."""
    check_password("x" * 12)
    check_password("ä" * 1024)
    with pytest.raises(ValueError, match="the password has 11 characters; it needs 12 or more"):
        check_password("x" * 11)
    with pytest.raises(ValueError, match="the password has 1025 characters; it may have 1024 at most"):
        check_password("x" * 1025)
