"""The body of a request, as far as it is not too large, too slow or packed in an unknown way."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request
from starlette.requests import ClientDisconnect

from tocsin.web.problem import Problem

#: Bytes of a body as it is sent, and once it is unpacked.
MOST_SENT, MOST_UNPACKED = 4 * 1024 * 1024, 16 * 1024 * 1024
#: Bytes of all bodies that are in memory at one time.
_ROOM = 64 * 1024 * 1024
#: Seconds that a body may take.
_PATIENCE = 30.0
#: `zlib` reads what gzip has written (RFC 1952) with this window.
_GZIP = 31
#: Bytes that are unpacked at a time: a small body may unpack to a thousand times its size.
_PIECE = 1024 * 1024
_CLOSE = {"Connection": "close"}


class Room:
    """How much of all requests is in memory at one time."""

    def __init__(self, size: int = _ROOM) -> None:
        """Hold at most so many bytes."""
        self._free = size

    @contextmanager
    def part(self) -> Iterator[Part]:
        """Take room for one request, and give it back at the end."""
        part = Part(self)
        try:
            yield part
        finally:
            self._free += part.taken

    def take(self, size: int) -> None:
        """Take so many bytes.

        Raises:
            Problem: 429, there is not as much left.
        """
        if size > self._free:
            detail = "The server reads as much as it has room for. Send the same again later."
            raise Problem(429, detail, {"Retry-After": "1", **_CLOSE})
        self._free -= size


class Part:
    """The room of one request."""

    def __init__(self, room: Room) -> None:
        """Take nothing yet."""
        self._room = room
        self.taken = 0

    def take(self, size: int) -> None:
        """Take so many bytes more; see `Room.take`."""
        self._room.take(size)
        self.taken += size


async def read_body(request: Request, part: Part) -> bytes:
    """Return the body of a request, unpacked.

    Raises:
        Problem: It is too large, packed in an unknown or broken way, or does not come.
    """
    packed = _is_packed(request)
    body = await read_sent(request, part)
    return _unpack(body, part) if packed else body


async def read_sent(request: Request, part: Part) -> bytes:
    """Return the body of a request as it was sent.

    Raises:
        Problem: It is too large, or does not come.
    """
    announced = request.headers.get("content-length", "0")
    # The server has refused what is no number.
    if announced.isdecimal() and int(announced) > MOST_SENT:
        raise _too_large(f"{int(announced):,} bytes", MOST_SENT, "sent")
    chunks = []
    size = 0
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in request.stream():
                size += len(chunk)
                if size > MOST_SENT:
                    raise _too_large("more", MOST_SENT, "sent")
                part.take(len(chunk))
                chunks.append(chunk)
    except TimeoutError:
        detail = f"The body did not come within {_PATIENCE:g} s. Send fewer events at once."
        raise Problem(408, detail, _CLOSE) from None
    except ClientDisconnect:
        raise Problem(400, "The connection ended before the body did.", _CLOSE) from None
    return b"".join(chunks)


def _is_packed(request: Request) -> bool:
    kind = request.headers.get("content-type", "application/json")
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, f"The body is {kind!r}. Send JSON, with Content-Type: application/json.")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"gzip", "identity"}:
        detail = f"The body is packed as {encoding!r}. Pack it with gzip, or not at all."
        raise Problem(415, detail, {"Accept-Encoding": "gzip"})
    return encoding == "gzip"


def _unpack(body: bytes, part: Part) -> bytes:
    unpacking = zlib.decompressobj(_GZIP)
    pieces = []
    size = 0
    while body and not unpacking.eof:
        try:
            piece = unpacking.decompress(body, _PIECE)
        except zlib.error as error:
            detail = f"The body is not packed with gzip, although its Content-Encoding says so: {error}."
            raise Problem(400, detail) from error
        size += len(piece)
        if size > MOST_UNPACKED:
            raise _too_large("more", MOST_UNPACKED, "unpacked")
        part.take(len(piece))
        pieces.append(piece)
        body = unpacking.unconsumed_tail
    if not unpacking.eof:
        raise Problem(400, "The body ends in the middle of what gzip has packed: part of it is missing. Send it again.")
    if unpacking.unused_data:
        raise Problem(400, f"{len(unpacking.unused_data):,} bytes follow what gzip has packed. Pack the body at once.")
    return b"".join(pieces)


def _too_large(found: str, most: int, how: str) -> Problem:
    detail = f"The body has {found}; the most is {most:,} bytes as {how}. Send fewer events at once."
    return Problem(413, detail, _CLOSE)
