"""What a look at what is expected costs, by how much is watched and by how much is due.

The store is a SQLite file. Every pipeline is configured with a schedule and has three good runs behind it. The clock is
moved, and a look is everything that a tick does except to send.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin.config.model import ChannelConfig, Config, PipelineConfig
from tocsin.core.run import Outcome, Run, Stage, TableLoad
from tocsin.core.schedule import Schedule
from tocsin.engine.engine import Engine
from tocsin.engine.opening import open_engine
from tocsin.engine.tick import look
from tocsin.store.sqlite import SqliteStore

_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
_LOOKS = 9
_DUE = 10


class _Watched:
    """A store full of pipelines, and an engine whose clock stands where it is put."""

    def __init__(self, folder: str, pipelines: Mapping[str, PipelineConfig]) -> None:
        self.now = _NOON
        channel = ChannelConfig(name="log", type="file", origin="here", settings={"path": f"{folder}/alerts.jsonl"})
        config = Config(home=Path(folder), channels=(channel,), pipelines=pipelines)
        self.store = SqliteStore(Path(folder) / "tocsin.db")
        with self.store.writing() as tx:
            for name in pipelines:
                for day in (3, 2, 1):
                    tx.save_run(_good_run(name, _NOON - timedelta(days=day)))
        self.engine: Engine = open_engine(config, store=self.store, clock=lambda: self.now, watching=True)

    def look(self, at: datetime) -> float:
        """Return how many seconds a look at this time takes."""
        self.now = at
        started = time.perf_counter()
        look(self.engine)
        return time.perf_counter() - started

    def told(self) -> int:
        """Return how many messages were decided on."""
        with self.store.reading() as tx:
            return len(tx.notifications(limit=1_000_000))


def _good_run(name: str, at: datetime) -> Run:
    return Run(
        id=f"{name}-{at:%d}",
        pipeline=name,
        environment="default",
        started_at=at,
        ended_at=at + timedelta(minutes=5),
        outcome=Outcome.SUCCEEDED,
        stage=Stage.LOAD,
        logical_id=f"{name}-{at:%d}",
        tables=(TableLoad(table="rows", rows=1000),),
    )


def _pipelines(number: int, *, due: int) -> dict[str, PipelineConfig]:
    """Return pipelines of which so many are due in each of the minutes after noon, and the others in the morning."""
    minutes = [Schedule(text=f"{minute + 1} 12 * * *", source="config.toml") for minute in range(_LOOKS)]
    morning = Schedule(text="0 6 * * *", source="config.toml")
    return {
        f"pipeline{index:06}": PipelineConfig(
            schedule=minutes[index // due] if index < due * _LOOKS else morning, start_within=timedelta(seconds=10)
        )
        for index in range(number)
    }


def measure_watched(number: int) -> dict[str, object]:
    """Return what a look costs where ten of so many pipelines are due, and do not come."""
    with tempfile.TemporaryDirectory() as folder:
        watched = _Watched(folder, _pipelines(number, due=_DUE))
        first = watched.look(_NOON)
        looks = [watched.look(_NOON + timedelta(minutes=minute + 1, seconds=11)) for minute in range(_LOOKS)]
        told = watched.told()
        watched.store.close()
    return {
        "figure": "milliseconds for a look where 10 pipelines are due",
        "watched": number,
        "median": round(statistics.median(looks) * 1000, 1),
        "told": told,
        "seconds to take in the configuration": round(first, 1),
    }


def measure_outage(number: int) -> dict[str, object]:
    """Return how fast a look judges so many pipelines that are due at once and do not come."""
    with tempfile.TemporaryDirectory() as folder:
        watched = _Watched(folder, _pipelines(number, due=number))
        watched.look(_NOON)
        busy = time.process_time()
        seconds = watched.look(_NOON + timedelta(minutes=1, seconds=11))
        busy = time.process_time() - busy
        told = watched.told()
        again = watched.look(_NOON + timedelta(minutes=1, seconds=21))
        watched.store.close()
    return {
        "figure": "pipelines judged and recorded in a second, all due at once",
        "due": number,
        "told": told,
        "a second": round(number / seconds),
        "a second of processor time": round(number / busy),
        "seconds for the next look": round(again, 2),
        "wanted": ">= 2000 a second",
    }


def main() -> None:
    """Print the figures as one JSON object a line."""
    medians = []
    for number in (1_000, 20_000, 200_000):
        figure = measure_watched(number)
        medians.append(float(str(figure["median"])))
        print(json.dumps({**figure, "ratio": round(medians[-1] / medians[0], 2), "wanted": "ratio <= 2"}), flush=True)
    print(json.dumps(measure_outage(20_000)))


if __name__ == "__main__":
    main()
