"""A real HTTP server on the loopback that answers whatever a test scripts, well-formed or not."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

#: What the receiver does with one connection after it has read the request.
Reply = Callable[["Connection"], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it arrived; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Connection:
    """The receiver's end of one connection."""

    def __init__(self, sock: socket.socket, closing: threading.Event) -> None:
        """Take over an accepted socket."""
        self.sock = sock
        self.closing = closing
        self.request: Request | None = None
        self._file = sock.makefile("rb")

    def read_request(self) -> Request | None:
        """Read one request, or None where none comes, or only a part of one."""
        first = self._file.readline(65536).decode("latin-1").split()
        if len(first) != 3:
            return None
        headers: dict[str, str] = {}
        while line := self._file.readline().strip().decode("latin-1"):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        body = self._file.read(length)
        if len(body) < length:
            return None
        self.request = Request(method=first[0], target=first[1], headers=headers, body=body)
        return self.request

    def reset(self) -> None:
        """Break the connection off hard."""
        self._file.close()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        """Close the connection in good order."""
        self._file.close()
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


def answer(status: int = 200, body: str | bytes | dict[str, Any] = "", **headers: str) -> Reply:
    """Answer with a status, a body (a dict becomes JSON) and headers (`retry_after="5"` becomes `Retry-After: 5`)."""
    content = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
    sent = {"Content-Length": str(len(content))} | {k.replace("_", "-").title(): v for k, v in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return raw(f"HTTP/1.1 {status} Scripted\r\n{head}\r\n".encode() + content)


def raw(data: bytes) -> Reply:
    """Answer with exactly these bytes."""
    return lambda connection: connection.sock.sendall(data)


def raw_then_reset(data: bytes = b"") -> Reply:
    """Answer with these bytes, and break off."""

    def reply(connection: Connection) -> None:
        connection.sock.sendall(data)
        connection.reset()

    return reply


def drip(data: bytes, again: bytes, *, every: float = 0.05, times: int = 600) -> Reply:
    """Answer with `data`, and then with `again` so many times, unless the other side has had enough before."""

    def reply(connection: Connection) -> None:
        connection.sock.sendall(data)
        for _ in range(times):
            if connection.closing.wait(every):
                return
            connection.sock.sendall(again)

    return reply


def silence(connection: Connection) -> None:
    """Take the request and never answer."""
    connection.closing.wait()


def tunnel(connection: Connection) -> None:
    """Be the proxy that a CONNECT asks for."""
    assert connection.request is not None
    host, _, port = connection.request.target.rpartition(":")
    with socket.create_connection((host, int(port))) as other:
        connection.sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        ways = {connection.sock: other, other: connection.sock}
        while not connection.closing.is_set():
            for ready in select.select(list(ways), [], [], 0.1)[0]:
                if not (data := ready.recv(65536)):
                    return
                ways[ready].sendall(data)


class Receiver:
    """Listens on a free port until it is closed, and keeps what it got in `requests`.

    `answers(first, second)` scripts the replies in order; the last one stays. Without a script it answers 200 "ok".
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Start to listen."""
        self.requests: list[Request] = []
        #: Break every connection off before its request is read.
        self.deaf = False
        self._replies: list[Reply] = [answer(200, "ok")]
        self._tls = tls
        self._closing = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port: int = self._socket.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Where it can be reached; the path stands for a secret."""
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}/services/T0/B0/s3cr3t-hook"

    @property
    def last(self) -> Request:
        """The newest request."""
        return self.requests[-1]

    def answers(self, *replies: Reply) -> None:
        """Script what comes next."""
        self._replies = list(replies)

    def close(self) -> None:
        """Stop, and wait until every connection is done."""
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = self._socket.accept()
            except TimeoutError:
                continue
            sock.settimeout(None)
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            with contextlib.closing(Connection(sock, self._closing)) as connection:
                if self.deaf:
                    connection.reset()
                elif request := connection.read_request():
                    self.requests.append(request)
                    reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
                    reply(connection)


@contextlib.contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Run a receiver for the length of a `with` block."""
    receiver = Receiver(tls)
    try:
        yield receiver
    finally:
        receiver.close()
