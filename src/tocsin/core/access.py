"""Who may do what on a server: scopes and roles, keys, users, their sessions, and what each of them did."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: A session that nobody used for so long is over.
IDLE = timedelta(hours=12)
#: A session is over after so long, used or not.
LONGEST = timedelta(days=7)
#: The shortest password. OWASP's Authentication Cheat Sheet asks for 15 characters without a second factor, and calls
#: fewer than 8 weak; a throttled login lets nobody try enough to tell 12 from 15.
SHORTEST_PASSWORD = 12
#: The longest, so that nobody makes the server hash a book.
LONGEST_PASSWORD = 1024

_USER_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


class Scope(StrEnum):
    """What somebody may do."""

    #: Report runs.
    INGEST = "ingest"
    #: Ping. The key stands in addresses, which end up in logs, so that this goes with no other scope.
    PING = "ping"
    #: See runs, alerts and the rest.
    READ = "read"
    #: Acknowledge, resolve, silence, send again.
    ACT = "act"
    #: See who did what.
    ADMIN = "admin"


_GRANTS = {
    Scope.INGEST: frozenset({Scope.INGEST}),
    Scope.PING: frozenset({Scope.PING}),
    Scope.READ: frozenset({Scope.READ}),
    Scope.ACT: frozenset({Scope.ACT, Scope.READ}),
    Scope.ADMIN: frozenset({Scope.ADMIN, Scope.ACT, Scope.READ}),
}


def granted(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """Return all that these scopes allow: who may act may read, and who may report runs need not see any."""
    return frozenset().union(*(_GRANTS[scope] for scope in scopes))


class Role(StrEnum):
    """What a person may do. Reporting runs is for keys alone."""

    READ = "read"
    ACT = "act"
    ADMIN = "admin"

    @property
    def scopes(self) -> frozenset[Scope]:
        """All that the role allows."""
        return _GRANTS[Scope(self.value)]


#: From the one that may least.
ROLES = (Role.READ, Role.ACT, Role.ADMIN)


class KeyState(StrEnum):
    """Whether a key opens anything."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key of a program. The key itself is kept nowhere: see `tocsin.core.token`."""

    id: str
    #: For people; among the keys that can be used each has another.
    name: str
    hash: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    created_by: str
    #: What it may report and see; None for all environments.
    environments: tuple[str, ...] | None = None
    #: Exclusive; None for a key that does not expire.
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    #: To the minute: it is not written more often.
    last_used_at: datetime | None = None

    def state(self, now: datetime) -> KeyState:
        """Return whether it opens anything."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        return KeyState.EXPIRED if self.expires_at is not None and now >= self.expires_at else KeyState.ACTIVE


@dataclass(frozen=True, kw_only=True)
class User:
    """A person, who logs in by a password, or by OpenID Connect."""

    #: Lower case: see `user_name`.
    name: str
    role: Role
    created_at: datetime
    #: An encoded argon2id hash; None for who logs in by OpenID Connect.
    password_hash: str | None = None
    #: Issuer and subject at that issuer, which never name somebody else; None for who has a password.
    identity: str | None = None
    disabled: bool = False


@dataclass(frozen=True, kw_only=True)
class Session:
    """A login that lasts. The cookie holds a token of which only the hash is kept."""

    #: The hash of the token.
    id: str
    user: str
    created_at: datetime
    #: To the minute: it is not written more often.
    seen_at: datetime
    #: The address it began at.
    origin: str = ""

    @property
    def over_at(self) -> datetime:
        """From when on it opens nothing, if nobody uses it again."""
        return min(self.seen_at + IDLE, self.created_at + LONGEST)


class Action(StrEnum):
    """What the audit trail tells."""

    ACKNOWLEDGE = "ack"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    ACCEPT = "accept"
    SILENCE = "silence add"
    END_SILENCE = "silence end"
    REDELIVER = "redeliver"
    TEST_CHANNEL = "channel test"
    CREATE_KEY = "key create"
    REVOKE_KEY = "key revoke"
    ADD_USER = "user add"
    CHANGE_ROLE = "user role"
    CHANGE_PASSWORD = "user password"  # noqa: S105  # the name of a command
    DISABLE_USER = "user disable"
    ENABLE_USER = "user enable"
    LOGIN = "login"
    LOGIN_FAILED = "login failed"
    LOGOUT = "logout"
    LOGOUT_EVERYWHERE = "logout everywhere"


#: Where an act came from that was typed on the machine that holds the store.
COMMAND_LINE = "command line"
#: Where an act came from that a model was allowed to do on that machine.
MCP = "mcp"


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """Who did what, when and from where."""

    at: datetime
    #: The name of a person, or "key ci".
    actor: str
    #: An address, `COMMAND_LINE` or `MCP`.
    origin: str
    action: Action
    #: The id of the alert, silence, notification or key, or the name of the user or channel.
    subject: str
    #: What else there is to say.
    detail: str = ""
    #: Counts upwards in a store, which gives it.
    number: int = 0


def user_name(text: str) -> str:
    """Return the name of a user as it is kept.

    Raises:
        ValueError: It cannot be the name of a user.
    """
    if not _USER_NAME.fullmatch(name := text.strip().lower()):
        raise ValueError(
            f"{text[:80]!r} cannot be the name of a user; write for example ann or ann@example.com: at most 64 "
            "letters of a to z, digits and . _ @ + -, and a letter or digit first"
        )
    return name


def check_password(password: str) -> None:
    """Refuse a password that is too short to be safe, or so long that it only costs time.

    Raises:
        ValueError: It is either.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(f"the password has {len(password)} characters; it needs {SHORTEST_PASSWORD} or more")
    if len(password) > LONGEST_PASSWORD:
        raise ValueError(f"the password has {len(password)} characters; it may have {LONGEST_PASSWORD} at most")
