"""What every answer bears, and the last resort where a handler fails."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tocsin.web.problem import Problem
from tocsin.web.refusals import refuse

#: Pages load from this server only, run no scripts that stand in them, and are shown in no frame.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
#: What is answered is as of now, and meant for who asked. A handler may say otherwise, for example of a style sheet.
_CACHE = (b"cache-control", b"no-store")
_log = logging.getLogger("tocsin")


class SecurityHeaders:
    """Adds the headers that make browsers careful; middleware without the costs of Starlette's base class."""

    def __init__(self, app: ASGIApp) -> None:
        """Add them to the answers of `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with a problem where the application fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                given = message["headers"]
                names = {name for name, _ in given}
                more = [] if _CACHE[0] in names else [_CACHE]
                message["headers"] = [*given, *(one for one in _HEADERS if one[0] not in names), *more]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if started:
                raise
            problem = Problem(500, "The server has failed at this; its log says how. Please report it.")
            await refuse(Request(scope), problem)(scope, receive, send_with_headers)
