"""How long it takes from a deadline passing to the receiver holding the message, with `tocsin watch` as it is.

Forty pipelines are expected at the next full minute and never start. Their graces end half a second apart, so that
the deadlines fall everywhere between two ticks. The receiver is an HTTP server on loopback.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

#: Seconds from the full minute to the deadline, for each pipeline.
_GRACES = {f"pipeline_{n}": n / 2 for n in range(1, 41)}


class _Receiver(BaseHTTPRequestHandler):
    received: dict[str, float] = {}  # noqa: RUF012  # the server makes one handler a request; they share this

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.received.setdefault(message["data"]["alert"]["subject"], time.time())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


def measure(folder: Path) -> list[float]:
    """Return for each pipeline the seconds from its deadline to its message."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = f'[tocsin.channels.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:{server.server_port}/"\n'
    # Each by itself: what is told together waits for more, and that is not what is measured.
    config += '[[tocsin.routes]]\nchannels = ["hook"]\ngroup_above = 100\n'
    for name, grace in _GRACES.items():
        config += f'[tocsin.pipelines.{name}]\nschedule = "* * * * *"\nstart_within = "{grace}s"\n'
    (folder / ".dlt").mkdir()
    (folder / ".dlt" / "config.toml").write_text(config, encoding="utf-8")
    command = [sys.executable, "-c", "from tocsin.cli.main import main; main()", "watch"]
    environment = {**os.environ, "DLT_DATA_DIR": f"{folder}/dlt"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE) as watch:  # noqa: S603
        assert watch.stdout is not None  # noqa: S101  # said for the type checker
        watch.stdout.readline()
        # Slots are expected from the first tick on, so a minute that is about to be full may not count.
        minute = ((time.time() + 5) // 60 + 1) * 60
        while len(_Receiver.received) < len(_GRACES) and time.time() < minute + 60:
            time.sleep(0.1)
        watch.send_signal(signal.SIGTERM)
    server.shutdown()
    return [_Receiver.received.get(name, float("inf")) - minute - grace for name, grace in _GRACES.items()]


def main() -> None:
    """Print the figures as one JSON object."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        latencies = measure(Path(folder))
    print(
        json.dumps(
            {
                "figure": "seconds from a deadline passing to the message, one tick every 10 s",
                "deadlines": len(latencies),
                "median": round(statistics.median(latencies), 2),
                "least": round(min(latencies), 2),
                "most": round(max(latencies), 2),
                "wanted": "most <= 11",
            }
        )
    )


if __name__ == "__main__":
    main()
