"""What Tocsin costs a pipeline that goes well, with channels or a server, beside dlt alone and what else tells of runs.

Each round starts one process a mode, in turn, so that a change of the machine's speed meets all of them. A process
loads the same rows into DuckDB several times and reports the wall time of each `dlt.pipeline()` plus `run()`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tocsin.core.wire import EVENTS_PATH, SERVER_TIME

_PIPELINE = """
import json, sys, time
import dlt

rows, repeats, hook = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

@dlt.resource
def items():
    for start in range(0, rows, 100):
        page = range(start, min(rows, start + 100))
        yield [{"id": i, "name": f"name {i}", "price": i * 1.5, "tags": {"a": i}} for i in page]

took = []
for number in range(repeats):
    began = time.perf_counter()
    pipeline = dlt.pipeline(f"p{number}", destination="duckdb", dataset_name="data")
    created = time.perf_counter()
    pipeline.run(items())
    if hook:
        import requests
        requests.post(hook, json={"text": "RUN SUCCEEDED!"})
    took.append([(created - began) * 1000, (time.perf_counter() - began) * 1000])
print(json.dumps(took))
"""


#: Where the snippet sends; no variable of dlt or Tocsin.
_HOOK = "HOOK"


class _Server(BaseHTTPRequestHandler):
    """Accepts what Sentry, Slack or a server of Tocsin would be sent."""

    def do_GET(self) -> None:
        self._answer(200)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(202 if self.path == EVENTS_PATH else 200)

    def _answer(self, status: int) -> None:
        body = json.dumps({SERVER_TIME: datetime.now(UTC).isoformat()}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def modes(port: int) -> dict[str, dict[str, str]]:
    """Return the environment of each mode."""
    return {
        "dlt alone": {"DLT_DISABLE_PLUGINS": "true"},
        "with Tocsin": {
            "TOCSIN__CHANNELS__OPS__TYPE": "slack",
            "TOCSIN__CHANNELS__OPS__WEBHOOK_URL": f"http://127.0.0.1:{port}/services/T/B/X",
        },
        "with a server": {"TOCSIN__SERVER": f"http://127.0.0.1:{port}", "TOCSIN__API_KEY": "key"},
        "with dlt's Sentry": {"DLT_DISABLE_PLUGINS": "true", "RUNTIME__SENTRY_DSN": f"http://key@127.0.0.1:{port}/1"},
        "with the documentation's Slack snippet": {"DLT_DISABLE_PLUGINS": "true", _HOOK: f"http://127.0.0.1:{port}/"},
    }


def run_once(rows: int, repeats: int, variables: dict[str, str]) -> list[list[float]]:
    """Return for each repetition the milliseconds of `dlt.pipeline()`, and of that and the run together."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment = os.environ | {
            "DLT_DATA_DIR": f"{folder}/dlt",
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            **variables,
        }
        done = subprocess.run(  # noqa: S603  # our own script
            [sys.executable, "-c", _PIPELINE, str(rows), str(repeats), variables.get(_HOOK, "")],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return list(json.loads(done.stdout))


def measure(rows: int, repeats: int, rounds: int) -> None:
    """Print the medians of all modes and what each adds to dlt alone."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environments = modes(server.server_port)
    later: dict[str, list[float]] = {mode: [] for mode in environments}
    first: dict[str, list[float]] = {mode: [] for mode in environments}
    created: dict[str, list[float]] = {mode: [] for mode in environments}
    for _ in range(rounds):
        for mode, variables in environments.items():
            took = run_once(rows, repeats, variables)
            created[mode].append(took[0][0])
            first[mode].append(took[0][1])
            later[mode] += [total for _, total in took[1:]]
    server.shutdown()
    for figure, times in (("first pipeline()", created), ("first run", first), ("later runs", later)):
        if not times["dlt alone"]:
            continue
        alone = statistics.median(times["dlt alone"])
        for mode, values in times.items():
            median = statistics.median(values)
            print(  # a benchmark prints
                json.dumps(
                    {
                        "rows": rows,
                        "figure": figure,
                        "mode": mode,
                        "median ms": round(median, 1),
                        "added ms": round(median - alone, 1),
                        "added %": round((median / alone - 1) * 100, 1),
                        "n": len(values),
                    }
                )
            )


def main() -> None:
    """Measure a small and a large pipeline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    measure(1_000, repeats=5, rounds=rounds)
    measure(50_000, repeats=2, rounds=max(rounds // 2, 3))


if __name__ == "__main__":
    main()
