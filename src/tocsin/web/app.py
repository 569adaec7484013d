"""The application that `tocsin serve` serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

import tocsin
from tocsin.core.wire import EVENTS_PATH
from tocsin.engine.engine import Engine
from tocsin.engine.presence import Presence, Role
from tocsin.engine.serving import NOTED_EVERY, note_serving
from tocsin.errors import StoreError
from tocsin.web import assets, health
from tocsin.web.access import Access, login
from tocsin.web.api import acts, alerts, audit, channels, clock, events, notifications, pipelines, runs, silences
from tocsin.web.api.body import Room
from tocsin.web.api.group_commit import GroupCommit
from tocsin.web.compression import PackPages
from tocsin.web.headers import SecurityHeaders
from tocsin.web.lineage import route as lineage_route
from tocsin.web.metrics import Metrics
from tocsin.web.metrics import route as metrics_route
from tocsin.web.metrics.metrics import CountAnswers
from tocsin.web.openapi import describe
from tocsin.web.pages import PAGES
from tocsin.web.pings import route as pings
from tocsin.web.pings.rate import Rate
from tocsin.web.plain_routes import PlainRoutes
from tocsin.web.refusals import answer_refusals
from tocsin.web.server import Server

_RESOURCES = (pipelines, runs, alerts, acts, notifications, silences, channels)


def _nobody() -> None:
    """Wake nobody: whoever takes events in looks by itself."""


async def _go_on_noting(engine: Engine, presence: Presence) -> None:
    while True:
        # A store that cannot be written is told of by all else that fails.
        with suppress(StoreError):
            await run_in_threadpool(note_serving, engine)
            await run_in_threadpool(presence.note)
        await asyncio.sleep(NOTED_EVERY.total_seconds())


def create_app(engine: Engine, *, bound: str = "127.0.0.1", wake: Callable[[], object] = _nobody) -> FastAPI:
    """Return the application.

    Args:
        engine: Whose store is served; it stays open, and may be used by other threads.
        bound: The host that the server is bound to: on a loopback it lets its own machine in while it knows nobody.
        wake: Called in a thread after events were committed, so that they are taken in at once. What it raises is
            logged.
    """
    metrics = Metrics(engine)
    inbox = GroupCommit(engine.store, wake, metrics.committed)
    server = Server(engine=engine, inbox=inbox, room=Room(), metrics=metrics, ping_rate=Rate(), ring=wake)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        presence = Presence(engine, Role.SERVER)
        noting = asyncio.create_task(_go_on_noting(engine, presence))
        yield
        noting.cancel()
        with suppress(asyncio.CancelledError):
            await noting
        with suppress(StoreError):
            await run_in_threadpool(presence.leave)
        await server.inbox.close()

    app = FastAPI(
        title="Tocsin",
        version=tocsin.__version__,
        summary="Know when your dlt pipelines break, run late, hang, or never start, and why.",
        openapi_url="/api/v1/openapi.json",
        # Their pages load scripts from other servers.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        # The names of the functions, which the schema tells as ids of operations.
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.server = server
    app.state.access = access = Access(engine, bound=bound)
    for part in (events, lineage_route, clock, *_RESOURCES, health, metrics_route, assets, audit, login):
        app.include_router(part.router)
    for page in PAGES:
        app.include_router(page)
    if engine.config.oidc is not None:
        from tocsin.web.access.oidc import PATH, oidc_app  # a second's worth of imports

        app.mount(PATH, oidc_app(access, engine.config.oidc))
    ping = Route(pings.PATH, pings.ping, methods=pings.METHODS)
    app.router.routes.append(ping)
    answer_refusals(app)
    describe(app)
    app.add_middleware(PackPages)
    app.add_middleware(PlainRoutes, routes=[Route(EVENTS_PATH, events.post_events, methods=["POST"]), ping])
    app.add_middleware(SecurityHeaders)
    app.add_middleware(CountAnswers, metrics=metrics)
    return app
