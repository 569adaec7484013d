"""How many events a second one server process keeps, with a commit that has reached the disk before each answer.

The client is a process of its own: 32 connections, each with one request after the other, on bare streams, so that it
is not the client that is measured. Client, server and database share this machine. What a commit for many requests
brings is seen beside a server that commits each request by itself.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

import uvicorn

from tocsin.config.model import Config
from tocsin.core.codec import encode
from tocsin.core.event import Event, EventType
from tocsin.core.inbox import Received
from tocsin.core.run import Outcome, Run, Stage, Step, TableLoad
from tocsin.engine.opening import open_engine
from tocsin.web.api.group_commit import GroupCommit
from tocsin.web.app import create_app

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from real_postgres import POSTGRES, running_postgres

CONNECTIONS = 32
SECONDS = 4.0
BATCH = 100
_NAME = "0123456789abcdef"
_NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class CommitEach(GroupCommit):
    """What the server would be without one commit for many: a thread and a transaction for each request."""

    async def append(self, received: Sequence[Received]) -> None:
        """Return when the events are committed."""
        await asyncio.to_thread(self._write, received)


def main() -> None:
    """Print events a second and times of answers, for each database and each way to commit, as a JSON object a line."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=Path.cwd())))
        urls = {"SQLite": [f"sqlite:///{folder / f'{number}.db'}" for number in range(3)]}
        if POSTGRES is not None:
            (folder / "postgres").mkdir()
            postgres = stack.enter_context(running_postgres(folder / "postgres", durable=True))
            urls["PostgreSQL"] = [postgres.database() for _ in range(3)]
        for name, (first, second, third) in urls.items():
            each = _measure(first, 1, each=True)
            single = _measure(second, 1)
            _print(name, "a commit a request", each, each)
            _print(name, "a commit for many", single, each, wanted=2_000)
            _print(name, f"{BATCH} events a request", _measure(third, BATCH), each, batch=BATCH, wanted=10_000)


def _print(
    store: str, how: str, took: Sequence[float], each: Sequence[float], *, batch: int = 1, wanted: int | None = None
) -> None:
    percentiles = quantiles(took, n=100)
    said = {
        "store": store,
        "how": how,
        "events a second": round(len(took) * batch / SECONDS),
        "median ms": round(percentiles[49] * 1000, 1),
        "99th percentile ms": round(percentiles[98] * 1000, 1),
        "times a commit a request": round(len(took) * batch / len(each), 1),
        "wanted": f">= {wanted:,}" if wanted and store == "PostgreSQL" else "",
    }
    print(json.dumps(said), flush=True)


def _measure(url: str, batch: int, *, each: bool = False) -> list[float]:
    """Return how long each request of `SECONDS` took, in seconds."""
    with _server(url, each=each) as port, multiprocessing.get_context("spawn").Pool(1) as client:
        return client.apply(_ask_all, (port, batch))


@contextmanager
def _server(url: str, *, each: bool) -> Iterator[int]:
    bound = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(url, bound, each))
    process.start()
    try:
        yield bound.getsockname()[1]
    finally:
        process.terminate()
        process.join()
        bound.close()


def _serve(url: str, bound: socket.socket, each: bool) -> None:  # noqa: FBT001  # a process takes no keywords well
    engine = open_engine(Config(home=Path("/nonexistent"), store=url))
    app = create_app(engine)
    if each:
        app.state.server = replace(app.state.server, inbox=CommitEach(engine.store, lambda: None, lambda _: None))
    uvicorn.Server(uvicorn.Config(app, http="httptools", ws="none", log_config=None, access_log=False)).run([bound])


def _ask_all(port: int, batch: int) -> list[float]:
    """Ask over all connections at the same time."""

    async def ask() -> list[float]:
        # The first answers of a server are slow.
        for seconds in (0.5, SECONDS):
            until = time.perf_counter() + seconds
            took: list[float] = []
            await asyncio.gather(
                *(_ask(port, f"{seconds:g}-{number:02}", batch, until, took) for number in range(CONNECTIONS))
            )
        return took

    return asyncio.run(ask())


async def _ask(port: int, name: str, batch: int, until: float, took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    event = _event()
    number = 0
    while (began := time.perf_counter()) < until:
        events = [event.replace(_NAME.encode(), f"{name}-{number + place}".encode()) for place in range(batch)]
        number += batch
        writer.write(_request(events[0] if batch == 1 else b"[" + b",".join(events) + b"]"))
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(head.decode())
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        took.append(time.perf_counter() - began)
    writer.close()


def _request(body: bytes) -> bytes:
    head = "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _event() -> bytes:
    """Return the end of a run with three steps and five tables, as a pipeline reports it."""
    stages = (Stage.EXTRACT, Stage.NORMALIZE, Stage.LOAD)
    run = Run(
        id=_NAME,
        pipeline="orders",
        environment="prod",
        started_at=_NOW,
        ended_at=_NOW,
        outcome=Outcome.SUCCEEDED,
        stage=Stage.LOAD,
        logical_id=_NAME,
        destination="postgres",
        dataset="shop",
        steps=tuple(Step(stage=stage, started_at=_NOW, ended_at=_NOW) for stage in stages),
        tables=tuple(TableLoad(table=f"table_{number}", rows=1000 + number) for number in range(5)),
    )
    return json.dumps(encode(Event(id=f"end-{_NAME}", type=EventType.RUN_FINISHED, at=_NOW, run=run))).encode()


if __name__ == "__main__":
    main()
