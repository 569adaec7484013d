"""What real runs of dlt bring becomes series, and an alert where a table gets nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from desk import Desk
from dlt_scripts import RunScript
from made import NOON
from tocsin.core.run import Run
from tocsin.core.series import LeftOut, Measure
from tocsin.store.memory import MemoryStore

_WEEK = """
    import dlt

    def rows(name, count):
        return dlt.resource(({"id": number} for number in range(count)), name=name)

    def load(items, events, **more):
        pipeline = dlt.pipeline("shop", destination=dlt.destinations.duckdb("here.duckdb"), dataset_name="sales")
        pipeline.run([rows("items", items), rows("events", events)], **more)

    for day in range(6):
        load(100 + day, 20 + day)
    load(103, 0)
    load(0, 0)
    load(104, 24, refresh="drop_data")
"""


def _a_day_each(runs: list[Run]) -> list[Run]:
    """Return runs that took place within seconds as those of the days before noon."""
    moved = []
    for day, run in enumerate(runs):
        by = NOON + timedelta(days=day - len(runs)) - run.started_at
        steps = tuple(
            replace(step, started_at=step.started_at + by, ended_at=step.ended_at + by if step.ended_at else None)
            for step in run.steps
        )
        assert run.ended_at is not None
        moved.append(replace(run, started_at=run.started_at + by, ended_at=run.ended_at + by, steps=steps))
    return moved


def test_tables_that_dlt_does_not_name_got_nothing(run_script: RunScript, tmp_path: Path) -> None:
    """A resource that yields nothing leaves no trace in dlt's counts: what each run names is missed."""
    runs = _a_day_each(run_script(_WEEK, same=False).ended())
    desk = Desk(tmp_path, MemoryStore(), "ops")
    for run in runs:
        desk.report(run)

    with desk.store.reading() as tx:
        known = tx.series("shop", "default")
        alerts = [(alert.item, alert.summary.partition(",")[0], alert.open) for alert in tx.alerts(subject="shop")]
    items, events = known[Measure.ROWS, "items"].points, known[Measure.ROWS, "events"].points
    assert [point.value for point in items] == [100, 101, 102, 103, 104, 105, 103, 0, 104]
    assert [point.value for point in events] == [20, 21, 22, 23, 24, 25, 0, 0, 24]
    unusual = LeftOut.UNUSUAL
    assert [point.left_out for point in events] == [
        LeftOut.FIRST_LOAD,
        *[None] * 5,
        unusual,
        unusual,
        LeftOut.REFRESH,
    ]
    assert sorted(alerts) == [("events", "0 rows", True), ("items", "0 rows", True)]
    steps = {item for measure, item in known if measure is Measure.SECONDS}
    assert steps == {"", "sync", "extract", "normalize", "load"}
