"""A day with 10,000 findings in 400 pipelines: how many messages each channel gets, and how soon problems are told.

The scenario is that of the tests: an upstream of 200 others fails, a vendor is down for half a day, a warehouse for
forty minutes, pipelines flap, some are silenced or under maintenance, and one channel is down for two hours.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from incident_day import PIPELINES, IncidentDay  # the path above leads to it
from tocsin.store.sqlite import SqliteStore


def measure() -> dict[str, object]:
    """Return what the day comes to."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "tocsin.db")
        day = IncidentDay(Path(folder), store)
        wall, processor = time.perf_counter(), time.process_time()
        day.pass_by()
        took, worked = time.perf_counter() - wall, time.process_time() - processor
        told = day.told()
        waits = {kind: _percentiles(seconds) for kind, seconds in day.waits().items()}
        problems, messages = len(day.alerts()), day.messages()
        store.close()
    return {
        "figure": "a day of incidents",
        "pipelines": len(PIPELINES),
        "findings": day.findings,
        "problems": problems,
        "messages": messages,
        "problems told nowhere": problems - len({each.alert.id for each in told if each.at is not None}),
        "seconds from a finding to its message": waits,
        "seconds": round(took, 1),
        "seconds of the processor": round(worked, 1),
    }


def _percentiles(seconds: list[float]) -> dict[str, float]:
    """Return the middle, the end and what lies between of sorted figures."""
    if not seconds:
        return {}
    return {f"p{part}": seconds[(len(seconds) - 1) * part // 100] for part in (50, 90, 99, 100)}


if __name__ == "__main__":
    print(json.dumps(measure()), flush=True)
