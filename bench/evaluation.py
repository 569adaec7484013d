"""What it costs to judge the load of a thousand tables, each with four months of history, in the engine.

The store is a SQLite file. A run that has loaded all tables ends: the time of its event, from the spool's hand-over to
the commit, is taken once with the judging and once for a pipeline whose run has loaded nothing, which is the rest.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin.config.model import ChannelConfig, Config
from tocsin.core.event import Event, EventType
from tocsin.core.run import Outcome, Run, Stage, TableLoad
from tocsin.core.series import KEPT, Measure, Point, Series
from tocsin.engine.engine import Engine
from tocsin.engine.ingest import ingest
from tocsin.engine.opening import open_engine
from tocsin.store.sqlite import SqliteStore

_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
_DAY = timedelta(days=1)
_TABLES = 1_000
_RUNS = 5


def _history() -> list[Series]:
    """Return four months of each table, and of the runs."""
    chance = random.Random(1)  # noqa: S311  # the same history each time
    days = [(_NOON - (KEPT - day) * _DAY, f"day {day}") for day in range(KEPT)]
    items = [(Measure.SECONDS, ""), *((Measure.ROWS, f"table{number:04}") for number in range(_TABLES))]
    return [
        Series(
            pipeline="orders",
            environment="default",
            measure=measure,
            item=item,
            points=tuple(Point(at, float(chance.randint(900, 1100)), run_id) for at, run_id in days),
        )
        for measure, item in items
    ]


def _ended(day: int, rows: Mapping[str, int]) -> Event:
    at = _NOON + day * _DAY
    run = Run(
        id=f"new {day}",
        pipeline="orders" if rows else "stock",
        environment="default",
        started_at=at,
        ended_at=at + timedelta(seconds=1000),
        outcome=Outcome.SUCCEEDED,
        stage=Stage.LOAD,
        logical_id=f"new {day}",
        tables=tuple(TableLoad(table=table, rows=count) for table, count in rows.items()),
    )
    return Event(id=f"{run.id}{run.pipeline}", type=EventType.RUN_FINISHED, at=at, run=run)


def _took(engine: Engine, event: Event) -> tuple[float, float]:
    """Return how many seconds an event took, and how many of the processor's."""
    wall, processor = time.perf_counter(), time.process_time()
    ingest(engine, event)
    return time.perf_counter() - wall, time.process_time() - processor


def measure(broken: int) -> dict[str, object]:
    """Return what a load costs in which so many tables get nothing."""
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "tocsin.db")
        with store.writing() as tx:
            tx.save_series(_history())
        channel = ChannelConfig(name="log", type="file", origin="here", settings={"path": f"{folder}/alerts.jsonl"})
        config = Config(home=Path(folder), channels=(channel,))
        engine = open_engine(config, store=store, clock=lambda: _NOON + _RUNS * _DAY)
        judged, rest = [], []
        for day in range(_RUNS):
            rows = {f"table{number:04}": 0 if number < broken else 1000 for number in range(_TABLES)}
            judged.append(_took(engine, _ended(day, rows)))
            rest.append(_took(engine, _ended(day, {})))
        with store.reading() as tx:
            alerts = len(tx.alerts(open_only=True, limit=_TABLES))
        store.close()
    wall, processor = (statistics.median(column) for column in zip(*judged, strict=True))
    return {
        "figure": f"seconds to take in a load of {_TABLES:,} tables and to judge them",
        "tables that got nothing": broken,
        "alerts": alerts,
        "median": round(wall, 2),
        "median of the processor": round(processor, 2),
        "a run without tables": round(statistics.median(wall for wall, _ in rest), 3),
        "wanted": "<= 1",
    }


def main() -> None:
    """Print the figures as one JSON object a line."""
    for broken in (0, 10):
        print(json.dumps(measure(broken)), flush=True)


if __name__ == "__main__":
    main()
