"""What a heartbeat costs a run: of a core while it goes on, and of each progress update.

The share of a core is the processor time of the heartbeat's own thread over half a minute of a real run that stands
still, so that each beat takes the stack too, and writes its file. The first beat imports what a failure would need and
is counted apart. The updates are made in turn with and without Tocsin, so that a change of the machine's speed meets
both.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import timeit
from pathlib import Path

from dlt.common.runtime.collector import NULL_COLLECTOR

from tocsin.capture.progress import CountingCollector, Meter

_SECONDS = 30
_UPDATES = 100_000

_PIPELINE = """
import json, sys, threading, time
import dlt

def processor_time():
    [heartbeat] = [thread for thread in threading.enumerate() if thread.name == "tocsin-heartbeat"]
    return time.clock_gettime(time.pthread_getcpuclockid(heartbeat.ident))

@dlt.resource
def orders():
    yield {"id": 1}
    # The first beat comes after a second.
    time.sleep(2)
    first = processor_time()
    time.sleep(float(sys.argv[1]))
    with open("told", "w") as file:
        json.dump([first, processor_time() - first], file)

dlt.pipeline("orders", destination="duckdb", dataset_name="shop").run(orders())
"""


def share_of_a_core(period: float) -> tuple[float, float]:
    """Return seconds of the first beat, and the share of a core from then on, with a beat every `period` seconds."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "orders.py"
        script.write_text(_PIPELINE, encoding="utf-8")
        environment = os.environ | {
            "DLT_DATA_DIR": f"{folder}/dlt",
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "TOCSIN__HANDOVER": "none",
            "TOCSIN__DIED_AFTER": f"{3 * period}s",
        }
        subprocess.run(  # noqa: S603  # our own script
            [sys.executable, str(script), str(_SECONDS)], cwd=folder, env=environment, check=True
        )
        first, further = json.loads((Path(folder) / "told").read_text(encoding="ascii"))
    return first, further / _SECONDS


def nanoseconds_per_update(*, rounds: int = 15) -> tuple[float, float]:
    """Return the medians of one update with dlt's collector alone, and with Tocsin in front of it."""
    with_tocsin = CountingCollector(NULL_COLLECTOR, Meter(working_dir=".", thread=0))
    taken: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(rounds):
        for tocsin, collector in ((False, NULL_COLLECTOR), (True, with_tocsin)):
            seconds = timeit.timeit("update('orders', inc=1)", globals={"update": collector.update}, number=_UPDATES)
            taken[tocsin].append(seconds / _UPDATES * 1e9)
    return statistics.median(taken[False]), statistics.median(taken[True])


def main() -> None:
    """Print the figures as one JSON object a line."""
    for period in (5.0, 1.0):
        first, share = share_of_a_core(period)
        _print(
            figure="percent of a core that the heartbeat takes",
            seconds_between_beats=period,
            percent=round(share * 100, 3),
            milliseconds_of_first_beat=round(first * 1000, 1),
            wanted="at most 0.5 with the default of 5 s",
        )
    without, with_tocsin = nanoseconds_per_update()
    _print(
        figure="nanoseconds per progress update",
        without=round(without),
        with_tocsin=round(with_tocsin),
        added=round(with_tocsin - without),
        wanted="at most 1000 added",
    )


def _print(**line: object) -> None:
    print(json.dumps(line))


if __name__ == "__main__":
    main()
