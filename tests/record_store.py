"""Writes a store with a small history as SQL, as whatever version of Tocsin is imported makes it.

    python tests/record_store.py > tests/corpus/store_version_1.sql

Done once a version of the tables, in a checkout of the last commit that makes it: version 1 was made by 07dce81.
Upgrades are tried on these files. They are never written anew, because later code would not make what people have.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from desk import Desk, channel
from made import at, cause, good_run, run
from tocsin.config.model import PipelineConfig
from tocsin.core.matchers import parse_matcher
from tocsin.core.route import LABELS
from tocsin.core.run import Outcome, Run, Stage, Step, TableLoad
from tocsin.core.schedule import parse_schedule
from tocsin.engine.silences import add_silence
from tocsin.store.sqlite import SqliteStore

HOURLY = PipelineConfig(
    schedule=parse_schedule("0 * * * *", timezone="UTC", source="test"),
    start_within=timedelta(minutes=10),
    finish_within=timedelta(minutes=30),
)
#: Databases refuse the one, and encodings the other.
HOSTILE = "NUL \0 and half a character \udcff"
#: So many pipelines fail together that most of them are told in one message.
STORM = [f"storm{number}" for number in range(8)]


def main() -> None:
    """Let an engine live through half a day, and print its store."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.db"
        store = SqliteStore(path)
        # Nobody listens there: what the pager is told waits.
        pager = channel("pager", "webhook", url="http://127.0.0.1:9/")
        # Nothing in what is recorded tells where that was.
        os.chdir(folder)
        house = Desk(Path(folder), store, channel("ops", path="ops"), pager, pipelines={"orders": HOURLY})
        house.engine = replace(house.engine, watching=True, worker="recorder")
        live(house)
        store.close()
        with closing(sqlite3.connect(path)) as connection:
            sys.stdout.writelines(f"{line}\n" for line in connection.iterdump())


def live(house: Desk) -> None:
    """Let runs be seen that went well, that failed and were mended, and that fail still."""
    for hour in range(10):
        house.report(_loaded(hour))
    house.report(
        run("bad1", pipeline="customers", ended=600),
        good_run("good1", pipeline="customers", ended=605, logical_id="g1"),
    )
    add_silence(
        house.engine,
        [parse_matcher("pipeline=events", labels=LABELS)],
        starts_at=house.now,
        ends_at=at(6000),
        reason="the source is moved",
        author="ann",
    )
    house.report(run("bad2", pipeline="events", ended=610))
    house.report(
        run("bad3", ended=612, tables=(TableLoad(table="orders", rows=3),), cause=cause(message=HOSTILE), note=HOSTILE)
    )
    house.report(*(run(f"bad-{name}", pipeline=name, ended=615) for name in STORM))
    house.report(run("going", pipeline="stock", ended=616, outcome=Outcome.RUNNING, ended_at=None, cause=None))


def _loaded(hour: int) -> Run:
    begin = at(60 * hour)
    step = Step(stage=Stage.LOAD, started_at=begin, ended_at=begin + timedelta(seconds=40 + hour))
    table = TableLoad(table="orders", rows=1000 + 7 * hour)
    changes = {"started_at": begin, "steps": (step,), "tables": (table,), "first_run": hour == 0}
    return good_run(f"hour{hour}", ended=60 * hour + 1, logical_id=f"hour{hour}", **changes)


if __name__ == "__main__":
    main()
