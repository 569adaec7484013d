"""Login by OpenID Connect: authorization code with PKCE, state and nonce, by authlib.

Imported only where `[tocsin.oidc]` is set.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware

from tocsin.config.oidc import OidcConfig
from tocsin.core.access import User, user_name
from tocsin.engine.users import begin_session
from tocsin.store.protocol import Transaction
from tocsin.web.access.access import Access, origin_of
from tocsin.web.access.cookie import token_in
from tocsin.web.access.login import local_path, refuse, welcome
from tocsin.web.access.page import login_page
from tocsin.web.refusals import answer_refusals

#: Where the routes below are mounted.
PATH = "/login/oidc"
#: Seconds that somebody may take at the provider.
_PATIENCE = 10 * 60
#: Seconds that the provider may take to answer us.
_TIMEOUT = 10.0
#: Signatures that a public key checks. "none" is no signature, and with HS256 the secret would be a signing key.
_SIGNATURES = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
_log = logging.getLogger("tocsin")


class Refused(Exception):
    """The provider knows somebody who is not let in; the text says why."""


def oidc_app(access: Access, config: OidcConfig) -> FastAPI:
    """Return the application to be mounted at `PATH`.

    State, nonce and PKCE verifier travel in a signed cookie of their own, so that any server of a fleet can go on with
    what another began: they all know the client secret that the signature is made with.
    """
    provider = OAuth().register(
        "oidc",
        server_metadata_url=f"{config.issuer}/.well-known/openid-configuration",
        client_id=config.client_id,
        client_secret=config.client_secret,
        client_kwargs={"scope": config.scope, "code_challenge_method": "S256", "timeout": _TIMEOUT},
    )
    routes = _Routes(access, config, provider)
    cookie = Middleware(
        SessionMiddleware,
        secret_key=hashlib.sha256(f"tocsin login {config.client_secret}".encode()).hexdigest(),
        session_cookie="tocsin_login",
        max_age=_PATIENCE,
        path=PATH,
        same_site="lax",
        https_only=access.public_url.startswith("https://"),
    )
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, middleware=[cookie])
    app.add_route("/", routes.begin)
    app.add_route("/callback", routes.finish)
    answer_refusals(app)
    return app


class _Routes:
    """The way to the provider and back."""

    def __init__(self, access: Access, config: OidcConfig, provider: Any) -> None:  # noqa: ANN401  # authlib has no types
        self._access = access
        self._config = config
        self._provider = provider

    async def begin(self, request: Request) -> Response:
        """Send somebody to the provider."""
        request.session["next"] = local_path(request.query_params.get("next", ""))
        try:
            await self._load_metadata()
            address: Response = await self._provider.authorize_redirect(request, self._callback(request))
        except Exception as error:  # noqa: BLE001  # whatever a provider, a network or authlib comes up with
            return self._failed(request, error)
        return address

    async def finish(self, request: Request) -> Response:
        """Let somebody in whom the provider vouches for."""
        to = local_path(request.session.pop("next", ""))
        try:
            await self._load_metadata()
            given = await self._provider.authorize_access_token(request)
            claims: Mapping[str, object] = given["userinfo"]
        except Exception as error:  # noqa: BLE001  # see begin()
            return self._failed(request, error)
        request.session.clear()
        before = token_in(request, secure=self._access.is_secure(request))
        try:
            token = await run_in_threadpool(self._let_in, claims, origin_of(request), before)
        except Refused as error:
            return login_page(self._access, request, user=None, to=to, wrong=str(error), status=403)
        return welcome(self._access, request, token, to)

    def _let_in(self, claims: Mapping[str, object], origin: str, before: str | None) -> str:
        engine = self._access.engine
        role = self._config.role_of(claims)
        subject = str(claims["sub"])
        identity = f"{self._config.issuer} {subject}"
        with engine.store.writing() as tx:
            known = tx.user_with_identity(identity)
            name = known.name if known is not None else _free_name(tx, claims)
            why = ""
            if role is None:
                why = f"no value of {self._config.role_claim} has a role in [tocsin.oidc.roles]"
            elif known is not None and known.disabled:
                why = "the user is disabled"
            elif name is None:
                why = "all names that the provider says belong to others"
            if why or role is None or name is None:
                refuse(engine, tx, name=name or subject[:100], origin=origin, why=why)
            else:
                user = User(
                    name=name, role=role, created_at=known.created_at if known else engine.clock(), identity=identity
                )
                tx.save_user(user)
                return begin_session(engine, tx, user, origin=origin, instead_of=before)
        raise Refused(f"You are not let in: {why}.")

    async def _load_metadata(self) -> None:
        """Read, once, what the provider says of itself, and take it at its word for no more than it is.

        Raises:
            OAuthError: Another provider answers, whose tokens would say who is who here.
        """
        known = await self._provider.load_server_metadata()
        if str(known.get("issuer", "")).rstrip("/") != self._config.issuer:
            raise OAuthError(
                description=f"the provider calls itself {known.get('issuer')!r}; set tocsin.oidc.issuer to that"
            )
        offered = known.get("id_token_signing_alg_values_supported") or ["RS256"]
        known["id_token_signing_alg_values_supported"] = [each for each in offered if each in _SIGNATURES]

    def _callback(self, request: Request) -> str:
        ours = self._access.public_url or f"{request.url.scheme}://{request.url.netloc}"
        return f"{ours}{PATH}/callback"

    def _failed(self, request: Request, error: Exception) -> HTMLResponse:
        _log.warning("login by OpenID Connect failed: %s: %s", type(error).__name__, error)
        wrong = "The login did not work; the server's log says why. Try it again."
        return login_page(self._access, request, user=None, to="/", wrong=wrong, status=502)


def _free_name(tx: Transaction, claims: Mapping[str, object]) -> str | None:
    """Return what to call somebody new: the first name of theirs that nobody has."""
    for claim in ("preferred_username", "email", "sub"):
        try:
            name = user_name(str(claims.get(claim, "")))
        except ValueError:
            continue
        if tx.user(name) is None:
            return name
    return None
