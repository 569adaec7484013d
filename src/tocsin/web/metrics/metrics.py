"""All metrics of one server."""

from __future__ import annotations

from http import HTTPStatus

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import tocsin
from tocsin.engine.engine import Engine
from tocsin.web.metrics.stored import Stored

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)


class Metrics:
    """What Prometheus is told by one server."""

    def __init__(self, engine: Engine) -> None:
        """Tell of the store of `engine`, of this process, and of what is noted here."""
        # When each counter began is of no use to anybody, and would double the text.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(Stored(engine))
        Info("tocsin_build", "What runs.", registry=self._registry).info({"version": tocsin.__version__})
        self._requests = Counter(
            "tocsin_http_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._commits = Histogram(
            "tocsin_commit_events", "Events that were committed at once.", buckets=_SIZES, registry=self._registry
        )

    def committed(self, events: int) -> None:
        """Note a commit of so many events."""
        self._commits.observe(events)

    def answered(self, scope: Scope, status: int) -> None:
        """Note an answer. Routes and methods that do not exist share a name: of those there is no end."""
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if route != "none" else "any"
        self._requests.labels(method, route, str(status)).inc()

    def text(self, accept: str) -> tuple[bytes, str]:
        """Return all metrics as text, in a format that is accepted, with the name of that format."""
        encode, kind = choose_encoder(accept)
        return encode(self._registry), kind


class CountAnswers:
    """Middleware that notes every answer."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Note the answers of `app`."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # What ends without an answer, the server below answers so.
        status = int(HTTPStatus.INTERNAL_SERVER_ERROR)

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            self._metrics.answered(scope, status)
