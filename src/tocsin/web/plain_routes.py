"""Short ways for what is asked for most."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tocsin.errors import StoreError
from tocsin.web.problem import Problem
from tocsin.web.refusals import refuse, refuse_store


class PlainRoutes:
    """Answers without what FastAPI does for all others, which would take as long as all that is done here."""

    def __init__(self, app: ASGIApp, routes: Sequence[Route]) -> None:
        """Answer what these routes mean wholly, and pass on all else to `app`.

        Args:
            app: Has the same routes, because it knows what to say to whoever meant one of them with another method.
            routes: The endpoint of each takes a request and returns the answer, and raises `Problem` or `StoreError`.
        """
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        for route in self._routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                # Metrics count by the route.
                scope.update(found, route=route)
                request = Request(scope, receive)
                try:
                    answer = await route.endpoint(request)
                except Problem as problem:
                    answer = refuse(request, problem)
                except StoreError as error:
                    answer = refuse_store(request, error)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
