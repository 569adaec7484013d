"""Twenty thousand pipelines fail at once: how long until all of it is decided, grouped and in the outbox.

Each failed run is reported by a file in the spool, as by its process, and taken in by one engine on a SQLite file with
one file channel and the default routes. Then the outbox is emptied to a receiver on the loopback, on as many channels
as are asked for, to see how many messages one process sends in a second.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tocsin.config.model import ChannelConfig, Config
from tocsin.core.finding import Finding, Kind, Topic, Trait
from tocsin.core.message import Message, Tone
from tocsin.core.notify import Reason
from tocsin.core.outbox import Notification, Status
from tocsin.core.severity import Severity
from tocsin.engine.deliver import deliver
from tocsin.engine.engine import Engine
from tocsin.engine.evaluate import Found, advance_alerts
from tocsin.engine.groups import tell_groups
from tocsin.engine.opening import open_engine
from tocsin.store.sqlite import SqliteStore

_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
_BATCH = 500


def measure_storm(number: int) -> dict[str, object]:
    """Return how fast so many findings become alerts that are decided on, and how many messages they make."""
    with tempfile.TemporaryDirectory() as folder:
        now = _NOON
        channel = ChannelConfig(name="log", type="file", origin="here", settings={"path": f"{folder}/alerts.jsonl"})
        store = SqliteStore(Path(folder) / "tocsin.db")
        engine = open_engine(Config(home=Path(folder), channels=(channel,)), store=store, clock=lambda: now)
        findings = [_finding(index) for index in range(number)]
        wall, processor = time.perf_counter(), time.process_time()
        for first in range(0, number, _BATCH):
            with store.writing() as tx:
                advance_alerts(engine, tx, [Found(finding=one, alert=None) for one in findings[first : first + _BATCH]])
        decided = time.perf_counter() - wall
        now += timedelta(seconds=31)
        tell_groups(engine)
        took, worked = time.perf_counter() - wall, time.process_time() - processor
        with store.reading() as tx:
            messages = tx.notifications(status=Status.WAITING, limit=number)
        store.close()
    return {
        "figure": "alerts that fire at once, decided, grouped and in the outbox",
        "alerts": number,
        "seconds": round(took, 2),
        "of them for the group's message": round(took - decided, 2),
        "seconds of the processor": round(worked, 2),
        "messages": len(messages),
        "wanted": "<= 10 s, <= 25 messages",
    }


def measure_delivery(messages: int, channels: int) -> dict[str, object]:
    """Return how many messages a second one process hands over, to so many channels."""
    with tempfile.TemporaryDirectory() as folder, _receiving() as url:
        names = [f"hook{number}" for number in range(channels)]
        configs = tuple(ChannelConfig(name=n, type="webhook", origin="here", settings={"url": url}) for n in names)
        store = SqliteStore(Path(folder) / "tocsin.db")
        engine = open_engine(Config(home=Path(folder), channels=configs), store=store)
        _fill(engine, names, messages)
        began = time.perf_counter()
        sent = deliver(engine)
        took = time.perf_counter() - began
        store.close()
    return {
        "figure": "messages a second to distinct channels on the loopback",
        "channels": channels,
        "sent": sent,
        "a second": round(sent / took),
        "wanted": ">= 500",
    }


def _fill(engine: Engine, names: list[str], messages: int) -> None:
    now = engine.clock()
    message = Message(title="orders failed", tone=Tone.ERROR, at=now)
    with engine.store.writing() as tx:
        tx.add_notifications(
            [
                Notification(
                    id=f"n{number}",
                    channel=names[number % len(names)],
                    reason=Reason.PLAIN_MESSAGE,
                    message=message,
                    created_at=now,
                    due_at=now,
                )
                for number in range(messages)
            ]
        )


def _finding(number: int) -> Finding:
    return Finding(
        kind=Kind.FAILED,
        topic=Topic.DELIVERY,
        subject=f"pipeline{number:06}",
        environment="default",
        severity=Severity.ERROR,
        at=_NOON,
        summary="load failed: OperationalError could not connect to server db.internal",
        reason_key="OperationalError",
        run_id=f"run{number}",
        logical_id=f"run{number}",
        traits={Trait.CAUSE.value: "OperationalError: could not connect to server", Trait.HOST.value: "worker-3"},
    )


@contextmanager
def _receiving() -> Iterator[str]:
    """Start a receiver in a process of its own, and yield its address."""
    command = [sys.executable, __file__, "receive"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # this very script
        port = process.stdout.readline() if process.stdout is not None else ""
        yield f"http://127.0.0.1:{port.strip()}/"
        process.terminate()


def _receive() -> None:
    """Accept everything that is posted."""

    class Handler(BaseHTTPRequestHandler):
        """Says 204 to each message."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:] == ["receive"]:
        _receive()
    else:
        print(json.dumps(measure_storm(20_000)), flush=True)
        for channels in (1, 10, 50):
            print(json.dumps(measure_delivery(2_000, channels)), flush=True)
