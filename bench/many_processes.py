"""Eight processes that end runs at the same moments and share one SQLite file: what each has to wait, and what is lost.

Every process ends 25 runs, at the same tick of the clock as the seven others. The time is that of the end of the run
alone, as the pipeline's process sees it. One run in five fails, which is waited for until its message is sent.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROCESSES = 8
RUNS = 25
TOCSIN = str(Path(sys.executable).with_name("tocsin"))

_CHILD = """
import json, sys, time
import tocsin

name, runs, start = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
took = []
for number in range(runs):
    watch = tocsin.watch(f"{name}-{number}")
    watch.__enter__()
    time.sleep(max(start + number * 0.5 - time.time(), 0))
    error = ValueError("broken") if number % 5 == 4 else None
    began = time.perf_counter()
    watch.__exit__(type(error) if error else None, error, None)
    took.append([bool(error), (time.perf_counter() - began) * 1000])
print(json.dumps(took))
"""


def main() -> None:
    """Print the added times, and how many runs and alerts arrived."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        sent = Path(folder) / "sent.jsonl"
        environment = os.environ | {
            "TOCSIN__ENABLED": "true",
            "TOCSIN__HOME": folder,
            "TOCSIN__CHANNELS__OPS__TYPE": "file",
            "TOCSIN__CHANNELS__OPS__PATH": str(sent),
        }
        start = str(time.time() + 5)
        children = [
            subprocess.Popen(  # noqa: S603  # our own script
                [sys.executable, "-c", _CHILD, f"p{number}", str(RUNS), start],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(PROCESSES)
        ]
        took = [pair for child in children for pair in json.loads(child.communicate()[0])]
        subprocess.run([TOCSIN, "tick", "--quiet"], env=environment, check=True)  # noqa: S603
        runs = subprocess.run(  # noqa: S603
            [TOCSIN, "runs", "--limit", "1000", "--json"],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        arrived = json.loads(runs.stdout)
        alerts = len(sent.read_text(encoding="utf-8").splitlines())
    for failed, kind in ((False, "went well"), (True, "failed")):
        times = sorted(ms for bad, ms in took if bad is failed)
        print(
            json.dumps(
                {
                    "figure": f"milliseconds added to the end of a run that {kind}",
                    "median": round(statistics.median(times), 1),
                    "p99": round(times[int(len(times) * 0.99)], 1),
                    "n": len(times),
                    "wanted": "p99 <= 250",
                }
            )
        )
    print(
        json.dumps(
            {
                "runs ended": len(took),
                "runs in the store": len(arrived),
                "failures": sum(bad for bad, _ in took),
                "messages": alerts,
            }
        )
    )


if __name__ == "__main__":
    main()
