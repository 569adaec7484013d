"""How long it takes from an exception in a resource to the receiver holding the message.

Each run is a process of its own: a real dlt pipeline that works for a moment and then raises. The receiver is an HTTP
server on loopback. The clock starts in the line before `raise` and stops when the receiver has read the body.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_PIPELINE = """
import sys, time
import dlt

@dlt.resource
def orders():
    yield {"id": 1}
    time.sleep(float(sys.argv[1]))
    with open("raised", "w") as file:
        file.write(repr(time.time()))
    raise ConnectionError("the source went away")

dlt.pipeline("orders", destination="duckdb", dataset_name="shop").run(orders())
"""


class _Receiver(BaseHTTPRequestHandler):
    received: list[float] = []  # noqa: RUF012  # the server makes one handler a request; they share this list

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(time.time())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args: object) -> None:
        pass


def measure(works_for: float, *, runs: int) -> list[float]:
    """Return the latencies in milliseconds of `runs` failing runs, each `works_for` seconds long."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    latencies = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            _Receiver.received.clear()
            script = Path(folder) / "orders.py"
            script.write_text(_PIPELINE, encoding="utf-8")
            environment = os.environ | {
                "DLT_DATA_DIR": f"{folder}/dlt",
                "RUNTIME__DLTHUB_TELEMETRY": "false",
                "RUNTIME__LOG_LEVEL": "CRITICAL",
                "TOCSIN__CHANNELS__OPS__TYPE": "slack",
                "TOCSIN__CHANNELS__OPS__WEBHOOK_URL": f"http://127.0.0.1:{server.server_port}/services/T/B/X",
            }
            subprocess.run(  # noqa: S603  # our own script
                [sys.executable, str(script), str(works_for)],
                cwd=folder,
                env=environment,
                check=False,
                stderr=subprocess.DEVNULL,
            )
            raised = float((Path(folder) / "raised").read_text(encoding="ascii"))
            latencies.append((_Receiver.received[0] - raised) * 1000 if _Receiver.received else float("inf"))
    server.shutdown()
    return latencies


def main() -> None:
    """Print the figures as one JSON object a line."""
    for works_for in (2.0, 0.0):
        latencies = measure(works_for, runs=9)
        print(  # a benchmark prints
            json.dumps(
                {
                    "figure": "milliseconds from raise to receipt",
                    "run works for seconds": works_for,
                    "median": round(statistics.median(latencies), 1),
                    "least": round(min(latencies), 1),
                    "most": round(max(latencies), 1),
                    "wanted": "median <= 100 where the run works for longer than a second",
                }
            )
        )


if __name__ == "__main__":
    main()
