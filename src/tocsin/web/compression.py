"""Pages and their files go out packed: a list is mostly the same few shapes, a tenth of its size."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

#: Bytes below which nothing is won, and how hard to try: from here on each step doubles the time for a percent.
_LEAST, _LEVEL = 1000, 4


class PackPages:
    """Packs what browsers ask for, and leaves the API alone: its answers are short, and asked for most.

    A page holds no secret that its length could give away beside what was typed into it: there are no tokens against
    forgery in it, since requests of other sites are told by where they come from.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Pack the answers of `app`."""
        self._app = app
        self._packed = GZipMiddleware(app, minimum_size=_LEAST, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, packed where the browser can read that."""
        of_api = scope["type"] != "http" or scope["path"].startswith("/api/")
        await (self._app if of_api else self._packed)(scope, receive, send)
