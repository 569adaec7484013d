"""What pages and ticks cost after a year with a fleet: 10 million runs in PostgreSQL, 2 million in a SQLite file.

    python bench/fleet_history.py           a small fleet, in a minute
    python bench/fleet_history.py --full    10 million and 2 million runs of 10,000 pipelines: some 20 GB and 20 minutes

Each database is filled (COPY, or executemany), asked and thrown away. Each figure is the median of many, each time of
another pipeline; the ratio compares with a small history in the same run, on the same machine. Beside it stands the
processor's time of this process alone: where the two differ by more than the database asks for, the machine was busy.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from long_history import DAYS, ENVIRONMENT, NOW, HasTables, fill, name_of, opened  # the path above leads to it
from tocsin.config.model import ChannelConfig, Config, PipelineConfig
from tocsin.core.schedule import Schedule
from tocsin.engine.opening import open_engine
from tocsin.engine.tick import look

_DUE, _LOOKS, _ASKED = 50, 19, 40
_GRACE = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True)
class _Size:
    """How much there is."""

    pipelines: int
    runs: int


_SMALL = {"postgres": (_Size(pipelines=1_000, runs=50_000), _Size(pipelines=2_000, runs=300_000))}
_SMALL["sqlite"] = (_Size(pipelines=1_000, runs=50_000), _Size(pipelines=2_000, runs=200_000))
_FULL = {"postgres": (_Size(pipelines=1_000, runs=100_000), _Size(pipelines=10_000, runs=10_000_000))}
_FULL["sqlite"] = (_Size(pipelines=1_000, runs=100_000), _Size(pipelines=10_000, runs=2_000_000))


def main() -> None:
    """Print the figures as one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="the large fleet")
    parser.add_argument("--kind", choices=_FULL, action="append", help="only this kind of store")
    given = parser.parse_args()
    for kind, sizes in (_FULL if given.full else _SMALL).items():
        if kind in (given.kind or _FULL):
            before: dict[str, float] = {}
            for size in sizes:
                with tempfile.TemporaryDirectory() as folder, opened(kind, Path(folder)) as store:
                    began = time.perf_counter()
                    fill(
                        store,
                        number=size.pipelines,
                        per_pipeline=size.runs // size.pipelines,
                        every=timedelta(days=365) / (size.runs // size.pipelines),
                    )
                    filled = round(time.perf_counter() - began)
                    figures = {"store": kind, "pipelines": size.pipelines, "runs": size.runs}
                    print(json.dumps({"figure": "seconds to fill", **figures, "seconds": filled}), flush=True)
                    for name, (took, wanted) in _measure(store, size, Path(folder)).items():
                        ratio = round(took.wall / before[name], 2) if name in before else None
                        before[name] = took.wall
                        said = {"milliseconds": round(took.wall, 1), "of the processor": round(took.processor, 1)}
                        said["fastest"] = round(took.fastest, 1)
                        print(json.dumps({"figure": name, **figures, **said, "ratio": ratio, "wanted": wanted}))
                        sys.stdout.flush()


class _Took:
    """Milliseconds of something that is done many times."""

    def __init__(self) -> None:
        self._walls: list[float] = []
        self._processors: list[float] = []

    @contextmanager
    def once(self) -> Iterator[None]:
        wall, processor = time.perf_counter(), time.process_time()
        yield
        self._processors.append((time.process_time() - processor) * 1000)
        self._walls.append((time.perf_counter() - wall) * 1000)

    @property
    def wall(self) -> float:
        return statistics.median(self._walls)

    @property
    def fastest(self) -> float:
        return min(self._walls)

    @property
    def processor(self) -> float:
        return statistics.median(self._processors)


def _measure(store: HasTables, size: _Size, folder: Path) -> dict[str, tuple[_Took, str]]:
    """Return milliseconds by figure, and what is wanted of each."""
    overview, page = "the overview: what is worst, and all counts", "the data of a pipeline's page"
    asked = {
        overview: (_often(lambda _: _overview(store)), "<= 50"),
        page: (_often(lambda place: _page(store, name_of(place * 7919 % size.pipelines))), "<= 20"),
    }
    begun, missed = _ticks(store, size, folder)
    asked[f"a tick with {_DUE} runs due"] = (begun, "<= 10")
    asked[f"a tick that finds {_DUE} not started, decides and writes the messages"] = (missed, "")
    return asked


def _often(do: Callable[[int], None]) -> _Took:
    took = _Took()
    for place in range(_ASKED):
        with took.once():
            do(place)
    return took


def _overview(store: HasTables) -> None:
    with store.reading() as tx:
        found = tx.worst_first(limit=50), tx.census().counts, tx.count_open_alerts()
    _check(found)


def _page(store: HasTables, pipeline: str) -> None:
    with store.reading() as tx:
        found = (
            tx.starts(pipeline, ENVIRONMENT, limit=DAYS),
            tx.runs(pipeline=pipeline, environment=ENVIRONMENT, limit=20),
            tx.slots(pipeline, ENVIRONMENT, limit=DAYS),
            tx.series(pipeline, ENVIRONMENT),
            tx.freshness(ENVIRONMENT, pipeline=pipeline),
            tx.days(pipeline, ENVIRONMENT, since=(NOW - timedelta(days=DAYS)).date()),
        )
        tx.alerts(subject=pipeline, limit=20)
        tx.expectation(pipeline, ENVIRONMENT)
    _check(found)


def _check(found: tuple[Sized, ...]) -> None:
    if not all(found):
        sys.exit("something is missing in the store: the figures say nothing")


def _ticks(store: HasTables, size: _Size, folder: Path) -> tuple[_Took, _Took]:
    """Return what a look takes when runs become due, and when they have not started in time."""
    minutes = [Schedule(text=f"{minute + 1} 12 * * *", source="config.toml") for minute in range(_LOOKS)]
    morning = Schedule(text="0 6 * * *", source="config.toml")
    schedules = (minutes[each // _DUE] if each < _DUE * _LOOKS else morning for each in count())
    config = Config(
        home=folder,
        environment=ENVIRONMENT,
        channels=(ChannelConfig(name="log", type="file", origin="here", settings={"path": f"{folder}/alerts"}),),
        pipelines={
            name_of(each): PipelineConfig(schedule=schedule, start_within=_GRACE)
            for each, schedule in zip(range(size.pipelines), schedules, strict=False)
        },
    )
    now = NOW
    engine = open_engine(config, store=store, clock=lambda: now, watching=True)
    look(engine)
    took = _Took(), _Took()
    for minute in range(_LOOKS):
        for place, seconds in enumerate((0, 11)):
            now = NOW + timedelta(minutes=minute + 1, seconds=seconds)
            with took[place].once():
                look(engine)
    return took


if __name__ == "__main__":
    main()
