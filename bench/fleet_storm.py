"""A thousand pipelines fail within one second: how soon that is told, in how many messages, and what memory it takes.

A real `tocsin serve` and one real `tocsin worker` on a real PostgreSQL; each failure is a request of its own. One
webhook on the loopback hears of all. What is told is told with the default settings.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fleet import Fleet  # the path above leads to it
from made import cause, run
from real_postgres import POSTGRES, running_postgres
from receiver import Receiver, receiving
from tocsin.core.codec import encode
from tocsin.core.event import Event, EventType
from tocsin.core.outbox import Status
from tocsin.core.words import count
from typed_process import TypedProcess

_PIPELINES, _CONNECTIONS = 1_000, 32
_WITHIN = timedelta(seconds=1)
_PATIENCE = 180.0
_SETTINGS = """
[tocsin]
store = "{}"
home = "{}"
[tocsin.channels.ops]
type = "webhook"
url = "{}"
"""
_CAUSES = ("503 Server Error: Service Unavailable", "could not connect to server", "401 Unauthorized")


@dataclass(frozen=True, kw_only=True)
class _Told:
    """When what had come to pass; seconds since the first failure was posted."""

    posted: float
    taken_in: float
    first: float
    all_told: float


def main() -> None:
    """Print the figures as one JSON object a line."""
    if POSTGRES is None:
        sys.exit("PostgreSQL is not installed: type make receivers")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "postgres").mkdir()
        server = stack.enter_context(running_postgres(folder / "postgres", durable=True))
        receiver = stack.enter_context(receiving())
        (place := folder / "fleet").mkdir()
        fleet = Fleet(place, server)
        (place / ".dlt" / "config.toml").write_text(_SETTINGS.format(fleet.url, place / "home", receiver.url))
        worker = stack.enter_context(fleet.worker())
        worker.says(" works for ")
        serve = stack.enter_context(TypedProcess("serve", "--port", "0", folder=place))
        serve.says("serving http")
        port = int(re.findall(rb"serving http://127.0.0.1:(\d+)", serve.out)[0])
        asyncio.run(_post_all(port, [_report(number, "warm up") for number in range(3)]))
        time.sleep(2)
        before = len(receiver.requests)
        told = _measure(fleet, receiver, port, before)
        memory = {name: _peak(one.process.pid) for name, one in (("server", serve), ("worker", worker))}
        messages = len(receiver.requests) - before
    said = {"figure": f"{count(_PIPELINES, 'pipeline')} fail within a second", "messages": messages}
    print(json.dumps({**said, **vars(told), "wanted": "first <= 2, all <= 30, <= 25"}))
    for name, megabytes in memory.items():
        wanted = {"server": "<= 250", "worker": "<= 150"}[name]
        print(json.dumps({"figure": f"peak memory of the {name}, MB", "MB": megabytes, "wanted": wanted}))


def _measure(fleet: Fleet, receiver: Receiver, port: int, before: int) -> _Told:
    reports = [_report(number, "storm") for number in range(_PIPELINES)]
    posting = threading.Thread(target=lambda: asyncio.run(_post_all(port, reports)))
    began = time.monotonic()
    posting.start()
    posted = taken_in = first = 0.0
    while time.monotonic() - began < _PATIENCE:
        if not first and len(receiver.requests) > before:
            first = time.monotonic() - began
        if not posted:
            posted = 0.0 if posting.is_alive() else time.monotonic() - began
        elif not taken_in:
            with fleet.store.reading() as tx:
                open_ = sum(tx.count_open_alerts().values())
            taken_in = time.monotonic() - began if open_ >= _PIPELINES else 0.0
        elif _all_told(fleet):
            return _Told(
                posted=round(posted, 2),
                taken_in=round(taken_in, 2),
                first=round(first, 2),
                all_told=round(time.monotonic() - began, 2),
            )
        time.sleep(0.02)
    sys.exit(f"not all was told within {_PATIENCE:g} s")


def _all_told(fleet: Fleet) -> bool:
    """Whether each alert was told by a message of its own, or by one of its group, and none is on its way."""
    with fleet.store.reading() as tx:
        if tx.next_due() is not None:
            return False
        told = tx.notifications(limit=10 * _PIPELINES)
    return {one.status for one in told} <= {Status.SENT, Status.GROUPED, Status.NOT_TOLD}


def _report(number: int, why: str) -> bytes:
    """Return the end of a run that has failed, as its process reports it."""
    now = datetime.now(UTC)
    failed = replace(
        run(f"{why} {number}", pipeline=f"{why}{number:04}"),
        started_at=now - timedelta(minutes=5),
        ended_at=now,
        cause=cause(message=_CAUSES[number % len(_CAUSES)]),
    )
    event = Event(id=f"end of {failed.id}", type=EventType.RUN_FINISHED, at=now, run=failed)
    return json.dumps(encode(event)).encode()


async def _post_all(port: int, bodies: Sequence[bytes]) -> None:
    """Post each by itself, evenly spread over a second."""
    began = time.monotonic()
    apart = _WITHIN.total_seconds() / len(bodies)
    waiting = iter(enumerate(bodies))

    async def post() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for place, body in waiting:
            await asyncio.sleep(began + place * apart - time.monotonic())
            head = "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answered = await reader.readuntil(b"\r\n\r\n")
            if not answered.startswith(b"HTTP/1.1 202"):
                raise RuntimeError(answered.decode())
            length = re.findall(rb"content-length: (\d+)", answered.lower())[0]
            await reader.readexactly(int(length))
        writer.close()

    await asyncio.gather(*(post() for _ in range(min(_CONNECTIONS, len(bodies)))))


def _peak(pid: int) -> int:
    """Return the most memory that a process has had, in megabytes, as Linux counts it (VmHWM in proc_pid_status(5))."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return round(int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024)


if __name__ == "__main__":
    main()
