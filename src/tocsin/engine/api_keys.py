"""The keys of programs: made, revoked, used."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.core.access import COMMAND_LINE, Action, ApiKey, AuditEntry, KeyState, Scope
from tocsin.core.token import SECRET_BYTES, hash_of, key_text
from tocsin.core.words import listing
from tocsin.engine.engine import Engine
from tocsin.errors import NotFound
from tocsin.store.protocol import Transaction

#: `last_used_at` is written when it is older than this.
USE_NOTED_EVERY = timedelta(minutes=1)
_SHOWN = 5
_LONGEST_NAME = 100


def create_key(
    engine: Engine,
    *,
    name: str,
    scopes: Sequence[Scope],
    environments: Sequence[str] | None,
    expires_at: datetime | None,
    by: str,
    origin: str = COMMAND_LINE,
) -> tuple[ApiKey, str]:
    """Make a key, and return it with its text, which is kept nowhere and cannot be had again.

    Args:
        engine: Whose store to use.
        name: For people, up to 100 characters.
        scopes: What it may do, at least one.
        environments: What it may report and see; None for all, and for a key that pings the configured one.
        expires_at: From when on it opens nothing; None for never.
        by: Who makes it.
        origin: From where, for the audit trail.

    Raises:
        ValueError: The name is empty, too long or that of another key that can be used, the key would be expired, or it
            pings and is for more than that and one environment.
        StoreError: The store cannot be written, and there is no key.
    """
    now = engine.clock()
    if not 0 < len(name := name.strip()) <= _LONGEST_NAME:
        raise ValueError(f'a key needs a name of 1 to {_LONGEST_NAME} characters; write for example --name "orders"')
    if expires_at is not None and expires_at <= now:
        raise ValueError(f"the key would have expired already, at {expires_at.isoformat()}; write a later time")
    if Scope.PING in scopes:
        environments = _of_pings(scopes, environments or (engine.config.environment,))
    key_id = secrets.token_hex(6)
    text = key_text(key_id, secrets.token_bytes(SECRET_BYTES))
    key = ApiKey(
        id=key_id,
        name=name,
        hash=hash_of(text),
        scopes=tuple(dict.fromkeys(scopes)),
        created_at=now,
        created_by=by,
        environments=None if environments is None else tuple(dict.fromkeys(environments)),
        expires_at=expires_at,
    )
    with engine.store.writing() as tx:
        for other in tx.api_keys():
            if other.name == name and other.state(now) is KeyState.ACTIVE:
                raise ValueError(
                    f"a key called {name!r} can be used already: {other.id}. Give this one another name, or type: "
                    f"tocsin key revoke {other.id}"
                )
        tx.save_api_key(key)
        tx.add_audit([_entry(key, Action.CREATE_KEY, by=by, origin=origin, at=now)])
    return key, text


def revoke_key(engine: Engine, prefix: str, *, by: str, origin: str = COMMAND_LINE) -> tuple[ApiKey, bool]:
    """Let a key open nothing any more; servers see it within `tocsin.web.access.keys.REMEMBERED_FOR`.

    Args:
        engine: Whose store to use.
        prefix: The beginning of the key's id, or the name of one that can be used.
        by: Who revokes it.
        origin: From where, for the audit trail.

    Returns:
        The key, and whether this is what revoked it.

    Raises:
        NotFound: No key, or more than one, is meant.
        StoreError: The store cannot be written.
    """
    now = engine.clock()
    with engine.store.writing() as tx:
        key = _find(tx, prefix, now)
        if key.revoked_at is not None:
            return key, False
        revoked = replace(key, revoked_at=now, revoked_by=by)
        tx.save_api_key(revoked)
        tx.add_audit([_entry(revoked, Action.REVOKE_KEY, by=by, origin=origin, at=now)])
    return revoked, True


def needs_note(key: ApiKey, now: datetime) -> bool:
    """Whether it is so long since a use was noted that it is worth a transaction."""
    return key.last_used_at is None or now - key.last_used_at >= USE_NOTED_EVERY


def note_use(engine: Engine, key_id: str) -> None:
    """Note that a key is used now, unless that was noted a moment ago.

    Raises:
        StoreError: The store cannot be written.
    """
    now = engine.clock()
    with engine.store.writing() as tx:
        # Read again: another server may have noted it, or somebody has revoked the key since it was looked at.
        key = tx.api_key(key_id)
        if key is not None and needs_note(key, now):
            tx.save_api_key(replace(key, last_used_at=now))


def _of_pings(scopes: Sequence[Scope], environments: Sequence[str]) -> Sequence[str]:
    if {*scopes} != {Scope.PING}:
        raise ValueError(
            "a key that pings stands in addresses, and those stand in logs: it may do nothing else. Make two keys"
        )
    if len({*environments}) > 1:
        raise ValueError("a ping does not say its environment, its key does: name one, and make a key for each")
    return environments


def _find(tx: Transaction, prefix: str, now: datetime) -> ApiKey:
    keys = tx.api_keys()
    named = [key for key in keys if key.name == prefix and key.state(now) is KeyState.ACTIVE]
    found = named or [key for key in keys if prefix and key.id.startswith(prefix)]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(f"{prefix!r} fits {_named(found)}; give more of the id")
    there_is = _named([key for key in keys if key.revoked_at is None]) or "none"
    raise NotFound(f"no key is called {prefix!r} or has an id that begins so; there are: {there_is}")


def _entry(key: ApiKey, action: Action, *, by: str, origin: str, at: datetime) -> AuditEntry:
    return AuditEntry(at=at, actor=by, origin=origin, action=action, subject=key.id, detail=describe(key))


def describe(key: ApiKey) -> str:
    """Return "ci: ingest in prod, staging"."""
    where = "all environments" if key.environments is None else ", ".join(key.environments)
    return f"{key.name}: {', '.join(key.scopes)} in {where}"


def _named(keys: Sequence[ApiKey]) -> str:
    return listing([f"{key.id} ({key.name})" for key in keys], most=_SHOWN)
