"""An HTTP server on a free port of the loopback."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server answers."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Loopback:
    """Serves from its beginning to the end of a `with` block, each request in a thread of its own."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        """Listen; `answer` is called from several threads."""
        self._server = _Server(("127.0.0.1", 0), _handler(answer))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it can be reached, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


def _handler(answer: Callable[[Request], Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # Whoever asked may have been killed while it waited for the answer.
            with contextlib.suppress(ConnectionError):
                self._answer()

        do_POST = do_GET  # noqa: N815  # http.server's name

        def _answer(self) -> None:
            target = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given = answer(
                Request(method=self.command, path=target.path, query=dict(parse_qsl(target.query)), body=body)
            )
            content = given.body.encode()
            self.send_response(given.status)
            for name, value in {**given.headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name
            """Say nothing: the terminal belongs to the story."""

    return Handler
