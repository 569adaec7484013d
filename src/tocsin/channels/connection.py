"""A connection to a receiver, or to the proxy before it, that is there in time or not at all."""

from __future__ import annotations

import base64
import contextlib
import io
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from http.client import HTTPResponse
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_Addresses = Sequence[tuple[int, int, int, str, tuple[object, ...]]]


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The time of one request, or of one conversation."""

    #: When it is over, on the monotonic clock.
    end: float
    #: Seconds for one address to accept, and for one silence of the receiver.
    connect: float
    read: float

    def left(self, most: float) -> float:
        """Return the seconds for the next step, at most `most`.

        Raises:
            TimeoutError: Nothing is left.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is over")
        return min(left, most)


class _Patient(io.RawIOBase):
    """Reads from a socket, and before each read shortens its timeout to what is left."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, clock: Clock) -> None:
        self._raw = raw
        self._sock = sock
        self._clock = clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._sock.settimeout(self._clock.left(self._clock.read))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def patient(raw: io.RawIOBase, sock: socket.socket, clock: Clock) -> io.BufferedReader:
    """Return a reader of `raw`, which reads from `sock`, that waits for no longer than the clock allows."""
    return io.BufferedReader(_Patient(raw, sock, clock))


class Response(HTTPResponse):
    """An answer whose every byte arrives within the time of the request."""

    def __init__(self, sock: socket.socket, clock: Clock, method: str) -> None:
        """Prepare to read the answer to a request that was sent through `sock`."""
        super().__init__(sock, method=method)
        self.fp = patient(self.fp.detach(), sock, clock)


def authorization(header: str, address: SplitResult) -> dict[str, str]:
    """Return the header that carries the user name and password of an address, if it has any."""
    if address.username is None:
        return {}
    pair = f"{unquote(address.username)}:{unquote(address.password or '')}"
    return {header: f"Basic {base64.b64encode(pair.encode()).decode()}"}


def open_connection(target: SplitResult, proxy: SplitResult | None, clock: Clock) -> socket.socket:
    """Connect to the target, for https with a verified certificate, over the proxy where there is one.

    Raises:
        OSError: It is not reached, not in time, or not trusted.
        http.client.HTTPException: The proxy does not speak HTTP.
    """
    hop = proxy or target
    sock = connect(hop.hostname or "", hop.port or (443 if hop.scheme == "https" else 80), clock)
    try:
        if target.scheme == "https":
            if proxy is not None:
                _tunnel(sock, target, proxy, clock)
            sock.settimeout(clock.left(clock.read))
            sock = tls_context().wrap_socket(sock, server_hostname=target.hostname)
    except BaseException:
        sock.close()
        raise
    return sock


@cache
def tls_context(ca_file: str = "") -> ssl.SSLContext:
    """Return how certificates are verified; made once, because reading the authorities takes a while.

    Args:
        ca_file: The certificates that are trusted, and no others; without it those that the system trusts.

    Raises:
        OSError: The file cannot be read or holds no certificate.
    """
    context = ssl.create_default_context(cafile=ca_file or None)
    paths = ssl.get_default_verify_paths()
    if not ca_file and paths.cafile is None and paths.capath is None:
        # The Python of python.org for macOS comes without certificates of authorities; dlt brings some.
        with contextlib.suppress(ImportError):
            import certifi

            context.load_verify_locations(certifi.where())
    return context


def connect(host: str, port: int, clock: Clock) -> socket.socket:
    """Connect to the first address of a host that answers.

    Raises:
        OSError: None does, or not in time.
    """
    trouble: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in _look_up(host, port, clock):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(clock.left(clock.connect))
            sock.connect(address)
        except OSError as error:
            sock.close()
            trouble = error
        else:
            return sock
    raise trouble


def _look_up(host: str, port: int, clock: Clock) -> _Addresses:
    """Resolve a name in a thread of its own: the system's resolver knows no timeout."""
    found: list[_Addresses] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except UnicodeError:
            failed.append(OSError("the name of the host is none"))
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=look_up, daemon=True, name="tocsin-resolver")
    try:
        thread.start()
    except RuntimeError:
        # An interpreter that shuts down starts no threads any more.
        look_up()
    else:
        thread.join(clock.left(clock.read))
    if found:
        return found[0]
    raise failed[0] if failed else TimeoutError("the name was not resolved in time")


def _tunnel(sock: socket.socket, target: SplitResult, proxy: SplitResult, clock: Clock) -> None:
    name = target.hostname or ""
    host = f"{f'[{name}]' if ':' in name else name}:{target.port or 443}"
    lines = [f"CONNECT {host} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in authorization("Proxy-Authorization", proxy).items()]
    sock.settimeout(clock.left(clock.read))
    sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
    with contextlib.closing(Response(sock, clock, "CONNECT")) as response:
        response.begin()
    if response.status != 200:  # noqa: PLR2004
        raise OSError(f"the proxy answered {response.status}")
