"""The key that a program shows."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from tocsin.core.access import ApiKey, KeyState
from tocsin.core.token import fits, key_id_of
from tocsin.engine.api_keys import needs_note, note_use
from tocsin.engine.engine import Engine
from tocsin.errors import StoreError
from tocsin.web.problem import Problem

#: Seconds for which a key is known without asking the store. A key that is revoked opens nothing after that; until
#: then, thousands of events a second cost no question each.
REMEMBERED_FOR = 2.0


@dataclass(frozen=True, kw_only=True)
class _Known:
    key: ApiKey
    at: float


class Keys:
    """Looks keys up, and notes that they are used."""

    def __init__(self, engine: Engine) -> None:
        """Ask the store of `engine`."""
        self._engine = engine
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[ApiKey | None]] = {}

    async def check(self, text: str) -> ApiKey:
        """Return the key that this is the text of.

        Raises:
            Problem: 401, where it opens nothing; only who has the whole key hears more than that.
            StoreError: The store cannot be read.
        """
        key_id = key_id_of(text)
        key = await self._look_up(key_id) if key_id is not None else None
        if not fits(text, None if key is None else key.hash) or key is None:
            raise refusal("The key is not known here. See the keys that are: tocsin key list")
        now = self._engine.clock()
        match key.state(now):
            case KeyState.REVOKED:
                raise refusal(f"The key {key.id} ({key.name}) was revoked. Make another: tocsin key create")
            case KeyState.EXPIRED:
                raise refusal(f"The key {key.id} ({key.name}) has expired. Make another: tocsin key create")
        return key

    async def _look_up(self, key_id: str) -> ApiKey | None:
        known = self._known.get(key_id)
        if known is not None and time.monotonic() - known.at < REMEMBERED_FOR:
            return known.key
        # However many requests come with the key at this moment, the store is asked once.
        if (asking := self._asking.get(key_id)) is None:
            asking = self._asking[key_id] = asyncio.create_task(self._ask(key_id))
            asking.add_done_callback(lambda _: self._asking.pop(key_id, None))
        return await asyncio.shield(asking)

    async def _ask(self, key_id: str) -> ApiKey | None:
        asked_at = time.monotonic()
        key = await run_in_threadpool(self._read, key_id)
        if key is None:
            # Ids that do not exist are not kept: there is no end of them.
            self._known.pop(key_id, None)
            return None
        self._known[key_id] = _Known(key=key, at=asked_at)
        now = self._engine.clock()
        if key.state(now) is KeyState.ACTIVE and needs_note(key, now):
            # Nobody waits for it: a writer who takes long must not hold up what the key is used for.
            asyncio.get_running_loop().run_in_executor(None, self._note_use, key_id)
        return key

    def _read(self, key_id: str) -> ApiKey | None:
        with self._engine.store.reading() as tx:
            return tx.api_key(key_id)

    def _note_use(self, key_id: str) -> None:
        with suppress(StoreError):
            note_use(self._engine, key_id)


def refusal(why: str) -> Problem:
    """Return the answer to who has shown nothing that opens this server."""
    return Problem(401, why, headers={"WWW-Authenticate": 'Bearer realm="tocsin"'})
