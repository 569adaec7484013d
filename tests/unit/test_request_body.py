"""The bodies of requests: how large, how slow and how packed they may be."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Sequence

import pytest
from fastapi import Request
from starlette.types import Message

from tocsin.web.api import body
from tocsin.web.api.body import MOST_SENT, MOST_UNPACKED, Room, read_body
from tocsin.web.problem import Problem

_GZIP = {"content-encoding": "gzip"}


def _read(chunks: Sequence[bytes | None], headers: dict[str, str] | None = None, room: Room | None = None) -> bytes:
    """Return what is read of a request whose body comes in these chunks; None hangs up."""
    coming = iter(chunks)
    left = len(chunks)

    async def receive() -> Message:
        nonlocal left
        left -= 1
        if left < 0:
            await asyncio.Event().wait()
        chunk = next(coming)
        if chunk is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": left > 0 or headers == {"never": "ends"}}

    scope = {
        "type": "http",
        "method": "POST",
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
    }

    async def read() -> bytes:
        with (room or Room()).part() as part:
            return await read_body(Request(scope, receive), part)

    return asyncio.run(read())


def test_a_body_is_read_whatever_it_comes_in() -> None:
    """In one piece or in many, packed or not, with any way to write the header."""
    assert _read([b"[1", b",2]"]) == b"[1,2]"
    assert _read([b"[]"], {"content-type": "Application/JSON; charset=utf-8", "content-encoding": "identity"}) == b"[]"
    packed = gzip.compress(b"[1,2]")
    assert _read([packed[:7], packed[7:]], {"content-encoding": "GZIP"}) == b"[1,2]"


PACKED = gzip.compress(b"[" + b"1," * 1000 + b"1]")
BOMB = gzip.compress(b" " * (MOST_UNPACKED + 1))

REFUSED = [
    ("a form", [b"a=1"], {"content-type": "application/x-www-form-urlencoded"}, 415, "Send JSON"),
    ("packed otherwise", [b""], {"content-encoding": "br"}, 415, "Pack it with gzip, or not at all"),
    ("packed twice", [b""], {"content-encoding": "gzip, gzip"}, 415, "'gzip, gzip'"),
    ("not packed", [b"[]"], _GZIP, 400, "not packed with gzip"),
    ("cut off", [PACKED[:-9]], _GZIP, 400, "ends in the middle"),
    ("nothing", [b""], _GZIP, 400, "ends in the middle"),
    ("a checksum that is wrong", [PACKED[:-8] + bytes(8)], _GZIP, 400, "not packed with gzip"),
    ("something behind it", [PACKED, b"tail"], _GZIP, 400, "4 bytes follow"),
    ("a bomb", [BOMB], _GZIP, 413, "the most is 16,777,216 bytes as unpacked"),
    ("announced too large", [], {"content-length": "99999999"}, 413, "99,999,999 bytes; the most is 4,194,304 bytes"),
    ("too large, not announced", [b" " * 65536] * 65, {}, 413, "the most is 4,194,304 bytes as sent"),
    ("hung up", [b"[", None], {"never": "ends"}, 400, "The connection ended before the body did."),
]


@pytest.mark.parametrize(
    ("chunks", "headers", "status", "detail"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_body_that_cannot_be_read_is_refused(
    chunks: list[bytes | None], headers: dict[str, str], status: int, detail: str
) -> None:
    """With what was found and what to do, and before more of it is read than is allowed."""
    with pytest.raises(Problem) as refused:
        _read(chunks, headers)
    assert refused.value.status == status
    assert detail in refused.value.detail


def test_a_slow_body_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends a byte now and then holds a connection for so long and no longer."""
    monkeypatch.setattr(body, "_PATIENCE", 0.05)
    with pytest.raises(Problem) as refused:
        _read([b"["], {"never": "ends"})
    assert (refused.value.status, refused.value.headers) == (408, {"Connection": "close"})
    assert "did not come within" in refused.value.detail


def test_all_bodies_together_have_so_much_room() -> None:
    """What is packed counts unpacked; where there is no room, the sender comes again, and all room is given back."""
    room = Room(3_000)
    assert len(_read([PACKED], _GZIP, room)) == 2_003
    with pytest.raises(Problem) as refused:
        _read([b" " * 3_001], room=room)
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "1")
    with pytest.raises(Problem):
        _read([gzip.compress(b" " * 10_000)], _GZIP, room)
    assert len(_read([b" " * 3_000], room=room)) == 3_000


def test_the_limits_leave_room_for_each_other() -> None:
    """One request of the largest size fits beside others."""
    assert MOST_SENT < MOST_UNPACKED
    with Room().part() as part:
        part.take(MOST_SENT + MOST_UNPACKED)
