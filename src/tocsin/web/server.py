"""What the handlers of one server process work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from tocsin.engine.engine import Engine
from tocsin.web.api.body import Room
from tocsin.web.api.group_commit import GroupCommit


@dataclass(frozen=True, kw_only=True)
class Server:
    """One server process."""

    engine: Engine
    #: Where events go.
    inbox: GroupCommit
    #: For what is being read of requests.
    room: Room
    #: Lets what has become due be done at once.
    wake: Callable[[], object]


def _server_of(request: Request) -> Server:
    server: Server = request.app.state.server
    return server


def _engine_of(request: Request) -> Engine:
    return _server_of(request).engine


#: Parameters of handlers: `def runs(engine: OpenEngine) -> …`.
ThisServer = Annotated[Server, Depends(_server_of)]
OpenEngine = Annotated[Engine, Depends(_engine_of)]
