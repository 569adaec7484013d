"""What the handlers of one server process work with."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from tocsin.engine.engine import Engine
from tocsin.web.api.body import Room
from tocsin.web.api.group_commit import GroupCommit
from tocsin.web.metrics import Metrics
from tocsin.web.pings.rate import Rate

_log = logging.getLogger("tocsin")


@dataclass(frozen=True, kw_only=True)
class Server:
    """One server process."""

    engine: Engine
    #: Where events go.
    inbox: GroupCommit
    #: For what is being read of requests.
    room: Room
    metrics: Metrics
    ping_rate: Rate
    #: Called where there is something to do for whoever runs the engine.
    ring: Callable[[], object]

    def wake(self) -> None:
        """Let what has become due be done at once; whoever runs the engine looks by itself anyway."""
        try:
            self.ring()
        except Exception as error:  # noqa: BLE001  # what was asked for is done
            _log.warning("nobody could be woken to tell what has changed: %s", error)


def server_of(request: Request) -> Server:
    """Return what the application that was asked works with."""
    server: Server = request.app.state.server
    return server


# FastAPI calls in a thread what is not async, and to change to a thread takes longer than all else here.
async def _server_of(request: Request) -> Server:
    return server_of(request)


async def _engine_of(request: Request) -> Engine:
    return server_of(request).engine


#: Parameters of handlers: `def runs(engine: OpenEngine) -> …`.
ThisServer = Annotated[Server, Depends(_server_of)]
OpenEngine = Annotated[Engine, Depends(_engine_of)]
