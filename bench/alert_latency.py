"""How long it takes from an exception in a resource to the receiver holding the message, and how peers do.

Each run is a process of its own: a real dlt pipeline that works for a moment and then raises. The receiver is an HTTP
server on loopback. The clock starts in the line before `raise` and stops when the receiver has read the body. The modes
take turns, so that a change of the machine's speed meets all of them.
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

def load():
    dlt.pipeline("orders", destination="duckdb", dataset_name="shop").run(orders())

if len(sys.argv) == 2:
    load()
else:
    import requests, traceback
    try:
        load()
    except Exception:
        requests.post(sys.argv[2], json={"text": traceback.format_exc()})
        raise
"""
_OFF = {"DLT_DISABLE_PLUGINS": "true"}


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


def modes(port: int) -> dict[str, tuple[dict[str, str], list[str]]]:
    """Return the environment of each mode, and the arguments of its script."""
    hook = f"http://127.0.0.1:{port}/services/T/B/X"
    return {
        "Tocsin": ({"TOCSIN__CHANNELS__OPS__TYPE": "slack", "TOCSIN__CHANNELS__OPS__WEBHOOK_URL": hook}, []),
        "the documentation's Slack snippet": (_OFF, [hook]),
        "dlt's Sentry": ({**_OFF, "RUNTIME__SENTRY_DSN": f"http://key@127.0.0.1:{port}/1"}, []),
    }


def run_once(works_for: float, variables: dict[str, str], arguments: list[str]) -> float:
    """Return the milliseconds until the first message of a failing run that is `works_for` seconds long."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        _Receiver.received.clear()
        script = Path(folder) / "orders.py"
        script.write_text(_PIPELINE, encoding="utf-8")
        environment = os.environ | {
            "DLT_DATA_DIR": f"{folder}/dlt",
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "CRITICAL",
            **variables,
        }
        subprocess.run(  # noqa: S603  # our own script
            [sys.executable, str(script), str(works_for), *arguments],
            cwd=folder,
            env=environment,
            check=False,
            stderr=subprocess.DEVNULL,
        )
        raised = float((Path(folder) / "raised").read_text(encoding="ascii"))
        # Sentry is sent the beginning of a session before.
        return min(((at - raised) * 1000 for at in _Receiver.received if at > raised), default=float("inf"))


def measure(works_for: float, *, rounds: int) -> dict[str, list[float]]:
    """Return the latencies of each mode in milliseconds."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    took: dict[str, list[float]] = {}
    for _ in range(rounds):
        for mode, (variables, arguments) in modes(server.server_port).items():
            took.setdefault(mode, []).append(run_once(works_for, variables, arguments))
    server.shutdown()
    return took


def main() -> None:
    """Print the figures as one JSON object a line."""
    for works_for in (2.0, 0.0):
        took = measure(works_for, rounds=9)
        ours = statistics.median(took["Tocsin"])
        for mode, latencies in took.items():
            said = {
                "figure": "milliseconds from raise to receipt",
                "run works for seconds": works_for,
                "mode": mode,
                "median": round(statistics.median(latencies), 1),
                "least": round(min(latencies), 1),
                "most": round(max(latencies), 1),
                "ratio to Tocsin": round(statistics.median(latencies) / ours, 2),
                "wanted": "<= 100" if mode == "Tocsin" and works_for > 1 else "",
            }
            print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
