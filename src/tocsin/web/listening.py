"""The socket that a server listens on."""

from __future__ import annotations

import errno
import os
import socket

from tocsin.errors import ConfigError

#: Connections that wait to be accepted; the kernel may allow fewer.
_QUEUE = 2048


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens: who calls before the server is ready waits for it.

    Raises:
        ConfigError: There is no such host, or the port cannot be had.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        said = error.strerror if isinstance(error, socket.gaierror) else error
        raise ConfigError(
            f"the host {host!r} is not known: {said}. Type an address of this machine, for example --host 127.0.0.1"
        ) from error
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            # What is left of the connections of a server that has just ended would hold the port for a minute.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(_QUEUE)
    except OSError as error:
        bound.close()
        raise ConfigError(_why(error, host, port)) from error
    return bound


def _why(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} of {host} is in use. See who has it: ss -ltnp. Or type another: --port {port - 1}"
        case errno.EACCES:
            return f"port {port} needs more rights than this user has. Type one above 1023, for example --port 8765"
        case errno.EADDRNOTAVAIL:
            return f"{host} is no address of this machine. See which are: ip address. 0.0.0.0 stands for all of them"
        case _:
            return f"cannot listen on port {port} of {host}: {error.strerror}. Type another --host or --port"


def address_of(bound: socket.socket) -> str:
    """Return the address of a server for people: "http://127.0.0.1:8765"."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
