"""A thousand alerts reach Alertmanager within a second: how soon it tells of them, and in how many messages.

Beside Tocsin's own figures in bench/fleet_storm.py. Alertmanager is told of each alert by a request of its own, and
tells one webhook on the loopback: with the route that its documentation begins with, and with each alert by itself.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from real_alertmanager import BINARY, EACH_AT_ONCE, MISSING, running_alertmanager  # the path above leads to it
from receiver import Receiver, receiving

_ALERTS, _CONNECTIONS = 1_000, 32
_PATIENCE = 120.0
_ROUTES: Mapping[str, Mapping[str, object]] = {
    "as its documentation begins": {
        "group_by": ["alertname"],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "1h",
    },
    "each alert by itself, at once": EACH_AT_ONCE,
}


def main() -> None:
    """Print the figures as one JSON object a line."""
    if BINARY is None:
        sys.exit(MISSING)
    for name, route in _ROUTES.items():
        with tempfile.TemporaryDirectory() as folder, receiving() as receiver:
            with running_alertmanager(Path(folder), receiver, route=route) as alertmanager:
                figures = _measure(alertmanager.url, receiver)
            print(json.dumps({"figure": f"{_ALERTS:,} alerts within a second", "route": name, **figures}), flush=True)


def _measure(url: str, receiver: Receiver) -> dict[str, float]:
    began = time.monotonic()
    asyncio.run(_post_all(int(url.rpartition(":")[2])))
    posted, first = time.monotonic() - began, 0.0
    while time.monotonic() - began < _PATIENCE:
        told = {alert["labels"]["pipeline"] for one in list(receiver.requests) for alert in one.json["alerts"]}
        first = first or (time.monotonic() - began if told else 0.0)
        if len(told) == _ALERTS:
            return {
                "posted": round(posted, 2),
                "first": round(first, 2),
                "all_told": round(time.monotonic() - began, 2),
                "messages": len(receiver.requests),
            }
        time.sleep(0.05)
    sys.exit(f"not all was told within {_PATIENCE:g} s")


async def _post_all(port: int) -> None:
    waiting = iter(range(_ALERTS))

    async def post() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in waiting:
            labels = {"alertname": "PipelineFailed", "pipeline": f"p{number:04}", "severity": "error"}
            body = json.dumps([{"labels": labels}]).encode()
            head = "POST /api/v2/alerts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(answer.decode())
        writer.close()

    await asyncio.gather(*(post() for _ in range(_CONNECTIONS)))


if __name__ == "__main__":
    main()
