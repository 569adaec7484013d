"""What a look at what is expected costs, by how much is watched and by how much is due.

The store is a SQLite file. Every pipeline is configured with a schedule and has good days behind it, with their slots
and runs. The clock is moved, and a look is everything that a tick does except to send. Processor time stands beside the
time that has passed: where they differ by much, the disk was waited for, or other work on the machine.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tocsin.config.model import ChannelConfig, Config, PipelineConfig
from tocsin.core.run import Context, Outcome, Run, Stage, Step, TableLoad
from tocsin.core.schedule import Schedule
from tocsin.core.slot import Slot, SlotState, expect
from tocsin.engine.engine import Engine
from tocsin.engine.opening import open_engine
from tocsin.engine.tick import look
from tocsin.store.sqlite import SqliteStore

_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
_LOOKS = 9
_DUE = 10
_GRACE = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True)
class _Took:
    """How many seconds a look took, and how many of the processor's."""

    wall: float
    processor: float


class _Watched:
    """A store full of pipelines, and an engine whose clock stands where it is put."""

    def __init__(self, folder: str, pipelines: Mapping[str, PipelineConfig], *, days: int) -> None:
        self.now = _NOON
        channel = ChannelConfig(name="log", type="file", origin="here", settings={"path": f"{folder}/alerts.jsonl"})
        config = Config(home=Path(folder), channels=(channel,), pipelines=pipelines)
        self.store = SqliteStore(Path(folder) / "tocsin.db")
        with self.store.writing() as tx:
            for name, pipeline in pipelines.items():
                met = [*_met(name, pipeline, days)]
                tx.save_slots([slot for slot, _ in met], check_at={})
                for _, run in met:
                    tx.save_run(run)
        self.engine: Engine = open_engine(config, store=self.store, clock=lambda: self.now, watching=True)

    def look(self, at: datetime) -> _Took:
        """Return what a look at this time takes."""
        self.now = at
        wall, processor = time.perf_counter(), time.process_time()
        look(self.engine)
        return _Took(wall=time.perf_counter() - wall, processor=time.process_time() - processor)

    def told(self) -> int:
        """Return how many messages were decided on."""
        with self.store.reading() as tx:
            return len(tx.notifications(limit=1_000_000))


def _met(name: str, pipeline: PipelineConfig, days: int) -> Iterator[tuple[Slot, Run]]:
    """Yield the slots of a pipeline in the days before, each with the run that met it."""
    if pipeline.schedule is not None:
        before = _NOON - timedelta(days=days)
        for slot in expect(
            pipeline.schedule, pipeline=name, environment="default", after=before, until=_NOON, start_within=_GRACE
        ):
            run = _good_run(name, slot.due_at)
            yield replace(slot, state=SlotState.DONE, logical_id=run.logical_id), run


def _good_run(name: str, at: datetime) -> Run:
    steps = (Stage.EXTRACT, Stage.NORMALIZE, Stage.LOAD)
    return Run(
        id=f"{name}-{at:%d}",
        pipeline=name,
        environment="default",
        started_at=at,
        ended_at=at + timedelta(minutes=len(steps)),
        outcome=Outcome.SUCCEEDED,
        stage=Stage.LOAD,
        logical_id=f"{name}-{at:%d}",
        steps=tuple(
            Step(stage=stage, started_at=at + timedelta(minutes=n), ended_at=at + timedelta(minutes=n + 1))
            for n, stage in enumerate(steps)
        ),
        tables=tuple(TableLoad(table=f"table{n}", rows=1000) for n in range(5)),
        context=Context(orchestrator="airflow", names={"dag_id": name, "task_id": "load"}, command="load.py"),
    )


def _pipelines(number: int, *, due: int) -> dict[str, PipelineConfig]:
    """Return pipelines of which so many are due in each of the minutes after noon, and the others in the morning."""
    minutes = [Schedule(text=f"{minute + 1} 12 * * *", source="config.toml") for minute in range(_LOOKS)]
    morning = Schedule(text="0 6 * * *", source="config.toml")
    return {
        f"pipeline{index:06}": PipelineConfig(
            schedule=minutes[index // due] if index < due * _LOOKS else morning, start_within=_GRACE
        )
        for index in range(number)
    }


def measure_watched(number: int) -> dict[str, Any]:
    """Return what a look costs where ten of so many pipelines are due, and do not come."""
    with tempfile.TemporaryDirectory() as folder:
        watched = _Watched(folder, _pipelines(number, due=_DUE), days=3)
        first = watched.look(_NOON)
        looks = [watched.look(_NOON + timedelta(minutes=minute + 1, seconds=11)) for minute in range(_LOOKS)]
        told = watched.told()
        watched.store.close()
    return {
        "figure": "milliseconds for a look where 10 pipelines are due, the median",
        "watched": number,
        "wall": round(statistics.median(took.wall for took in looks) * 1000, 1),
        "processor": round(statistics.median(took.processor for took in looks) * 1000, 1),
        "told": told,
        "seconds to take in the configuration": round(first.wall, 1),
    }


def measure_outage(number: int) -> dict[str, object]:
    """Return how fast a look judges so many pipelines that are due at once and do not come."""
    with tempfile.TemporaryDirectory() as folder:
        watched = _Watched(folder, _pipelines(number, due=number), days=10)
        watched.look(_NOON)
        took = watched.look(_NOON + timedelta(minutes=1, seconds=11))
        told = watched.told()
        again = watched.look(_NOON + timedelta(minutes=1, seconds=21))
        watched.store.close()
    return {
        "figure": "pipelines judged and recorded in a second, all due at once",
        "due": number,
        "told": told,
        "a second": round(number / took.wall),
        "a second of the processor": round(number / took.processor),
        "seconds": round(took.wall, 2),
        "seconds of the processor": round(took.processor, 2),
        "seconds for the next look": round(again.wall, 2),
        "wanted": ">= 2000 a second",
    }


def main() -> None:
    """Print the figures as one JSON object a line."""
    figures = []
    for number in (1_000, 20_000, 200_000):
        figures.append(figure := measure_watched(number))
        ratios = {f"ratio, {kind}": round(figure[kind] / figures[0][kind], 2) for kind in ("wall", "processor")}
        print(json.dumps({**figure, **ratios, "wanted": "ratio <= 2"}), flush=True)
    print(json.dumps(measure_outage(20_000)))


if __name__ == "__main__":
    main()
