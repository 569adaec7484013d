"""The application on a socket of the loopback, served by a thread of the tests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from tocsin.engine.engine import Engine
from tocsin.web.app import create_app
from typed_process import wait_until


class ServedHere:
    """A server that can go away and come back at the same address."""

    def __init__(self, engine: Engine) -> None:
        """Serve what the engine keeps; it stays open."""
        self._engine = engine
        self._port = 0
        self.start()

    @property
    def address(self) -> str:
        """Where it is: "http://127.0.0.1:41234"."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Begin to answer."""
        bound = socket.create_server(("127.0.0.1", self._port))
        self._port = bound.getsockname()[1]
        settings = uvicorn.Config(create_app(self._engine), log_config=None, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._server.run, args=([bound],))
        self._thread.start()
        wait_until(lambda: self._server.started, "the server")

    def stop(self) -> None:
        """Answer no more."""
        self._server.should_exit = True
        self._thread.join()


@contextmanager
def served_here(engine: Engine) -> Iterator[ServedHere]:
    """Serve for the length of a `with` block."""
    server = ServedHere(engine)
    try:
        yield server
    finally:
        server.stop()
