"""What the pages of a large fleet cost the server, and how much of them goes over the wire.

    python bench/pages.py           a small fleet, in a minute
    python bench/pages.py --full    5,000 pipelines with a million runs, in PostgreSQL and in a SQLite file

Each page is asked for in this process, without a network, as a browser asks: the time is that of the whole server, from
the request to the packed answer. It is the median of many; beside it stands the processor's time of this process alone:
where the two differ by more than the database asks for, the machine was busy.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from long_history import ENVIRONMENT, NOW, HasTables, fill, name_of, opened  # the path above leads to it
from tocsin.config.model import Config
from tocsin.core.expectation import Expectation
from tocsin.core.schedule import Schedule
from tocsin.engine.opening import open_engine
from tocsin.web.app import create_app
from tocsin.web.pages.addresses import of_alert, of_pipeline, of_run, runs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ASKED = 30
#: Of each hundred pipelines these few are expected and have never run.
_NEVER = 1


@dataclass(frozen=True, kw_only=True)
class _Size:
    """How much there is."""

    pipelines: int
    runs: int


_SMALL, _FULL = _Size(pipelines=500, runs=20_000), _Size(pipelines=5_000, runs=1_000_000)
#: Milliseconds, and bytes of the packed page.
_WANTED = {"the overview": (60, 60_000)}


def main() -> None:
    """Print the figures as one JSON object a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="the large fleet")
    parser.add_argument("--kind", choices=("sqlite", "postgres"), action="append", help="only this kind of store")
    given = parser.parse_args()
    size = _FULL if given.full else _SMALL
    for kind in given.kind or ("sqlite", "postgres"):
        with tempfile.TemporaryDirectory() as folder, opened(kind, Path(folder)) as store:
            per_pipeline = size.runs // size.pipelines
            fill(store, number=size.pipelines, per_pipeline=per_pipeline, every=timedelta(days=365) / per_pipeline)
            _expect(store, size.pipelines)
            figures = {"store": kind, "pipelines": size.pipelines, "runs": size.runs}
            for name, measured in _measure(store, Path(folder)):
                print(json.dumps({"figure": name, **figures, **measured}), flush=True)


def _expect(store: HasTables, pipelines: int) -> None:
    """Let each pipeline be expected every morning, and some that never ran."""
    with store.writing() as tx:
        tx.save_expectations(
            [
                Expectation(
                    pipeline=name_of(number),
                    environment=ENVIRONMENT,
                    schedule=Schedule(text="0 6 * * *", source="config.toml"),
                    start_within=timedelta(minutes=15),
                    anchor=NOW - timedelta(days=365),
                    computed_to=NOW - timedelta(hours=6),
                    next_slot_at=NOW + timedelta(hours=18),
                )
                for number in range(pipelines + pipelines * _NEVER // 100)
            ]
        )


def _addresses(store: HasTables) -> Mapping[str, str]:
    """Return the addresses of the pages that are measured."""
    name = name_of(7)
    with store.reading() as tx:
        run, alert = tx.runs(pipeline=name, environment=ENVIRONMENT, limit=1)[0], tx.alerts(open_only=True, limit=1)[0]
    return {
        "the overview": "/",
        "the overview, searched": "/?q=99",
        "a pipeline": of_pipeline(name, ENVIRONMENT),
        "its runs": runs_of(name, ENVIRONMENT),
        "a run": of_run(run.id),
        "the alerts": "/alerts",
        "alerts that are over": "/alerts?state=resolved",
        "an alert": of_alert(alert.id),
    }


def _measure(store: HasTables, home: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield what each page costs."""
    engine = open_engine(Config(home=home), store=store, clock=lambda: NOW)
    statements: list[str] = []
    event.listen(Engine, "before_cursor_execute", lambda _c, _k, statement, *_: statements.append(statement))
    with TestClient(create_app(engine), base_url="http://127.0.0.1:8765", client=("127.0.0.1", 50000)) as browser:
        for name, path in _addresses(store).items():
            browser.get(path)
            statements.clear()
            walls, processors = [], []
            for _ in range(_ASKED):
                wall, processor = time.perf_counter(), time.process_time()
                answer = browser.get(path)
                walls.append((time.perf_counter() - wall) * 1000)
                processors.append((time.process_time() - processor) * 1000)
            if answer.is_error:
                sys.exit(f"{path} answers {answer.status_code}: the figures say nothing")
            wanted = _WANTED.get(name)
            yield (
                name,
                {
                    "milliseconds": round(statistics.median(walls), 1),
                    "of the processor": round(statistics.median(processors), 1),
                    "fastest": round(min(walls), 1),
                    "bytes": len(answer.content),
                    "packed": int(answer.headers["content-length"]),
                    "statements": round(sum(one.startswith("SELECT") for one in statements) / _ASKED),
                    **({"wanted": f"<= {wanted[0]} ms, {wanted[1]:,} bytes packed"} if wanted else {}),
                },
            )


if __name__ == "__main__":
    main()
