"""A month of a small company's pipelines, drawn from a seed: what reports and backtests are tried on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from made import NOON, cause
from tocsin.core.run import Context, FailedJob, Outcome, Run, Stage, Step, TableLoad
from tocsin.core.schema import ColumnChange, SchemaChange

DAYS = 30
#: A name that tries to be markup, a script and an escape sequence.
_NEW_COLUMN = SchemaChange(table="orders", columns=(ColumnChange(name="discount", data_type="double"),))
HOSTILE = '<img src=x onerror="alert(1)">&amp;\x1b[31m\u202e'


def recorded(*, days: int = DAYS, now: datetime = NOON, name: str = "events") -> list[Run]:
    """Return the runs up to now: each pipeline has another trouble. The name is that of a pipeline and of its table."""
    return [*_orders(days, now), *_customers(days, now), *_events(days, now, name), *_stock(days, now)]


def _orders(days: int, now: datetime) -> Iterator[Run]:
    """Daily; failed twice, did not come once, and today it brought a tenth of the rows."""
    chance = random.Random(1)  # noqa: S311  # the same history each time
    for day in range(days, -1, -1):
        begin = now.replace(hour=6) - timedelta(days=day) + timedelta(seconds=chance.randrange(90))
        weekend = 0.6 if begin.weekday() >= 5 else 1
        rows = round(12_000 * weekend * chance.uniform(0.93, 1.07))
        if day == 11:
            continue
        if day in {17, 16}:
            yield _run("orders", begin, seconds=40, outcome=Outcome.FAILED, stage=Stage.EXTRACT, cause=cause())
            continue
        if day == 0:
            rows //= 10
        tables = {"orders": rows, "order_lines": rows * 3, "refunds": chance.randrange(20, 60)}
        changes = (_NEW_COLUMN,) if day == 5 else ()
        took = 420 * chance.uniform(0.9, 1.15)
        yield _run("orders", begin, seconds=took, tables=tables, first_run=day == days, schema_changes=changes)


def _customers(days: int, now: datetime) -> Iterator[Run]:
    """Every six hours; all is well, and one run took three times as long."""
    chance = random.Random(2)  # noqa: S311
    for turn in range(days * 4, -1, -1):
        begin = now.replace(hour=9) - timedelta(hours=6 * turn) + timedelta(seconds=chance.randrange(60))
        slow = 3 if turn == 21 else 1
        tables = {"customers": chance.randrange(300, 420), "addresses": chance.randrange(340, 460)}
        yield _run("customers", begin, seconds=slow * chance.uniform(70, 85), tables=tables, first_run=turn == days * 4)


def _events(days: int, now: datetime, name: str) -> Iterator[Run]:
    """Daily; loads partly since yesterday."""
    chance = random.Random(3)  # noqa: S311
    for day in range(min(days, 20), -1, -1):
        begin = now.replace(hour=3) - timedelta(days=day)
        bad = day < 2
        job = FailedJob(job="events.1.parquet", table=name, message=f"disk full while writing {name}")
        yield _run(
            name,
            begin,
            seconds=chance.uniform(1500, 1900),
            tables={name: chance.randrange(90_000, 110_000)},
            outcome=Outcome.PARTIAL if bad else Outcome.SUCCEEDED,
            failed_jobs=(job,) if bad else (),
        )


def _stock(days: int, now: datetime) -> Iterator[Run]:
    """Hourly on one day; finds nothing now and then, and died once."""
    chance = random.Random(4)  # noqa: S311
    for hour in range(min(days * 24, 60), -1, -1):
        begin = now - timedelta(hours=hour, minutes=20)
        if hour == 30:
            yield _run("stock", begin, seconds=5, outcome=Outcome.DIED, stage=Stage.LOAD, ended_by="SIGKILL")
            continue
        empty = chance.random() < 0.1
        outcome = Outcome.NO_DATA if empty else Outcome.SUCCEEDED
        tables = {} if empty else {"stock_levels": chance.randrange(40, 90)}
        yield _run("stock", begin, seconds=chance.uniform(8, 11), outcome=outcome, tables=tables)


def _run(
    pipeline: str, begin: datetime, *, seconds: float, tables: dict[str, int] | None = None, **changes: Any
) -> Run:
    end = begin + timedelta(seconds=seconds)
    run_id = f"{begin:%m%d%H%M}-{pipeline[:9]}"
    shares = ((Stage.EXTRACT, 0.0, 0.6), (Stage.NORMALIZE, 0.6, 0.7), (Stage.LOAD, 0.7, 1.0))
    steps = tuple(
        Step(stage=stage, started_at=begin + (end - begin) * first, ended_at=begin + (end - begin) * last)
        for stage, first, last in shares
    )
    facts: dict[str, Any] = {
        "id": run_id,
        "pipeline": pipeline,
        "environment": "default",
        "started_at": begin,
        "ended_at": end,
        "outcome": Outcome.SUCCEEDED,
        "stage": Stage.LOAD,
        "logical_id": run_id,
        "steps": steps if "cause" not in changes else (),
        "tables": tuple(TableLoad(table=name, rows=rows) for name, rows in (tables or {}).items()),
        "destination": "postgres",
        "dataset": "shop",
        "context": Context(host="etl-1"),
    }
    return Run(**(facts | changes))


def counts(*, days: int = 60, zero: int | None = None) -> str:
    """Return a CSV of counts up to yesterday: a table that jumps about, and brings nothing on the day `zero`."""
    jumps = {20: 3.0, 30: 0.3, 40: 3.4, 50: 0.25}
    lines = ["table,date,rows,seconds"]
    for day in range(days):
        rows = 0 if day == zero else round(1000 * (1 + day % 5 / 20) * jumps.get(day, 1))
        lines.append(f"orders,{NOON - timedelta(days=days - day):%Y-%m-%d},{rows},60")
    return "\n".join(lines) + "\n"
