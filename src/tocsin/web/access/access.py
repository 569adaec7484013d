"""Who is let in."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from tocsin.core.access import ApiKey, Scope, Session, User, granted
from tocsin.engine.engine import Engine
from tocsin.engine.users import needs_note, note_seen, who_has
from tocsin.errors import StoreError
from tocsin.web.access.actor import EVERYTHING, Actor, Means
from tocsin.web.access.cookie import token_in
from tocsin.web.access.keys import REMEMBERED_FOR, Keys, refusal
from tocsin.web.access.loopback import is_asked_by_its_machine
from tocsin.web.access.same_origin import SAFE, Site, site_of
from tocsin.web.problem import Problem

#: Who acts on a server that knows nobody.
_SOMEBODY = "somebody"


class Access:
    """Lets in who shows a key or a session, and, where nobody is known yet, this machine."""

    def __init__(self, engine: Engine, *, bound: str) -> None:
        """Let people in to what `engine` keeps.

        Args:
            engine: Whose store knows keys and users, and whose configuration says how browsers know the server.
            bound: The host that the server is bound to.
        """
        self.engine = engine
        self.public_url = engine.config.public_url
        self._bound = bound
        self._keys = Keys(engine)
        self._known_until = 0.0
        self._knows_anybody = True
        self._asking: asyncio.Task[None] | None = None

    async def admit(self, request: Request, scope: Scope) -> Actor:
        """Return who asks, if they may do this.

        Raises:
            Problem: 401 where nobody is let in, 403 where the scope is missing or the request is another site's.
            StoreError: The store cannot be read.
        """
        actor = await self._who(request)
        # For the page that says why they may not, or that something is not there.
        request.state.actor = actor
        actor.require(scope)
        return actor

    async def key(self, text: str) -> ApiKey:
        """Return the key that this is the text of, wherever it was shown.

        Raises:
            Problem: 401, where it opens nothing.
            StoreError: The store cannot be read.
        """
        return await self._keys.check(text)

    async def logged_in(self, request: Request) -> User | None:
        """Return whose session a browser shows.

        Raises:
            StoreError: The store cannot be read.
        """
        if (token := token_in(request, secure=self.is_secure(request))) is None:
            return None
        found = await run_in_threadpool(self._session, token)
        if found is None:
            return None
        user, session = found
        if needs_note(session, self.engine.clock()):
            # Nobody waits for it, as with keys.
            asyncio.get_running_loop().run_in_executor(None, self._note_seen, session)
        return user

    async def is_open_to(self, request: Request) -> bool:
        """Whether everybody on this machine is let in: the server knows neither a key nor a user.

        Raises:
            StoreError: The store cannot be read.
        """
        if self.engine.config.oidc is not None or not is_asked_by_its_machine(request.headers, bound=self._bound):
            return False
        if time.monotonic() >= self._known_until:
            # However many requests come at this moment, the store is asked once.
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask_for_anybody())
            await asyncio.shield(self._asking)
        return not self._knows_anybody

    def is_secure(self, request: Request) -> bool:
        """Whether browsers reach the server over https."""
        return request.scope["scheme"] == "https" or self.public_url.startswith("https://")

    def require_our_site(self, request: Request, *, unknown: bool = False) -> None:
        """Let nothing change that was asked for by a page of somebody else.

        Args:
            request: What came.
            unknown: Whether what does not say where it comes from passes. No browser keeps silent, but programs do.

        Raises:
            Problem: 403.
        """
        site = site_of(request.headers, public_url=self.public_url)
        if request.method not in SAFE and (site is Site.ANOTHER or (site is Site.UNKNOWN and not unknown)):
            raise Problem(
                403,
                "The request comes from another site, or does not say from which. Browsers say so by themselves; "
                "programs need no cookie but a key: tocsin key create. If a proxy changes the name of this server, "
                "set tocsin.serve.public_url",
            )

    async def _who(self, request: Request) -> Actor:
        origin = origin_of(request)
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            key = await self._keys.check(text.strip())
            return Actor(
                name=f"key {key.name}",
                means=Means.KEY,
                scopes=granted(key.scopes),
                origin=origin,
                environments=None if key.environments is None else frozenset(key.environments),
            )
        if (user := await self.logged_in(request)) is not None:
            self.require_our_site(request)
            return Actor(name=user.name, means=Means.SESSION, scopes=user.role.scopes, origin=origin)
        if await self.is_open_to(request):
            # A page on the internet can send forms to 127.0.0.1 too.
            self.require_our_site(request, unknown=True)
            return Actor(name=_SOMEBODY, means=Means.LOOPBACK, scopes=EVERYTHING, origin=origin)
        raise refusal(
            "This needs a key (Authorization: Bearer tocsin_…) or a login at /login. Make a key: tocsin key create. "
            "Add a user: tocsin user add"
        )

    def _session(self, token: str) -> tuple[User, Session] | None:
        with self.engine.store.reading() as tx:
            return who_has(tx, token, self.engine)

    def _note_seen(self, session: Session) -> None:
        with suppress(StoreError):
            note_seen(self.engine, session)

    async def _ask_for_anybody(self) -> None:
        try:
            self._knows_anybody = await run_in_threadpool(self._read_whether_anybody)
            self._known_until = time.monotonic() + REMEMBERED_FOR
        finally:
            self._asking = None

    def _read_whether_anybody(self) -> bool:
        with self.engine.store.reading() as tx:
            return tx.knows_anybody()


def access_of(request: Request) -> Access:
    """Return what lets people in to the application that was asked."""
    access: Access = request.app.state.access
    return access


def origin_of(request: Request) -> str:
    """Return the address that a request came from.

    Behind a proxy that the server trusts it is the one that the proxy names; whatever else a client writes into
    `X-Forwarded-For` counts for nothing.
    """
    return request.client.host if request.client is not None else ""
