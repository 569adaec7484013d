"""How long whoever brings something new waits while 200,000 old rows are deleted.

One thread writes an event and a run every few milliseconds, as an engine that takes in reports does; its waits are
measured while nothing else happens, and while old events and runs are deleted beside it by the same process.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from long_history import NOW, fill, opened  # the path above leads to it
from made import run
from real_postgres import POSTGRES
from tocsin.config.model import Config
from tocsin.core.retention import Retention
from tocsin.engine.days import make_days
from tocsin.engine.engine import Engine
from tocsin.engine.opening import open_engine
from tocsin.engine.prune import prune

_PIPELINES, _OLD = 1_000, 200

_EVERY = 0.005
_QUIET = 3.0


def main() -> None:
    """Print the figures as one JSON object a line."""
    for kind in ("sqlite", *(["postgres"] if POSTGRES is not None else [])):
        with tempfile.TemporaryDirectory() as folder, opened(kind, Path(folder)) as store:
            fill(store, number=_PIPELINES, per_pipeline=_OLD + 10, every=timedelta(days=3))
            retention = Retention(events=timedelta(days=30), runs=timedelta(days=30))
            engine = open_engine(Config(home=Path(folder), retention=retention), store=store, clock=lambda: NOW)
            make_days(engine)
            with _writing(engine) as quiet:
                time.sleep(_QUIET)
            began = time.perf_counter()
            with _writing(engine) as beside:
                deleted = prune(engine)
            took = time.perf_counter() - began
        for name, waits in (("alone", quiet), ("while it is deleted", beside)):
            print(json.dumps({"figure": f"milliseconds of a write, {name}", "store": kind, **_percentiles(waits)}))
        rows = {kept.value: number for kept, number in deleted.items()}
        print(json.dumps({"figure": "seconds to delete", "store": kind, "seconds": round(took, 1), **rows}), flush=True)


@contextmanager
def _writing(engine: Engine) -> Iterator[list[float]]:
    """Write in a thread for the length of a `with` block, and give the milliseconds of each write."""
    waits: list[float] = []
    done = threading.Event()

    def write() -> None:
        for number in count():
            if done.wait(_EVERY):
                return
            began = time.perf_counter()
            with engine.store.writing() as tx:
                tx.remember_events([f"{id(waits)} {number}"], NOW)
                tx.save_run(run(f"{id(waits)} {number}", started_at=NOW, ended_at=NOW))
            waits.append((time.perf_counter() - began) * 1000)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield waits
    finally:
        done.set()
        thread.join()


def _percentiles(waits: list[float]) -> dict[str, float]:
    percentiles = quantiles(waits, n=100)
    return {
        "writes": len(waits),
        "median": round(percentiles[49], 1),
        "p99": round(percentiles[98], 1),
        "slowest": round(max(waits), 1),
    }


if __name__ == "__main__":
    main()
