"""Runs from a file of counts: `table,date,rows`, and `seconds` where it is known how long a run took."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from tocsin.core.run import Outcome, Run, Stage, TableLoad

_NEEDED = ("table", "date", "rows")


def read_csv(path: Path, *, pipeline: str, environment: str) -> list[Run]:
    """Return one run for each moment in the file, oldest first.

    Args:
        path: The file. Its first line names the columns; others than those above are passed over.
        pipeline: What to call the pipeline.
        environment: Where the runs ran.

    Raises:
        UsageError: The file cannot be read, or a line of it is wrong; the line is named.
    """
    tables: defaultdict[datetime, list[TableLoad]] = defaultdict(list)
    seconds: dict[datetime, float] = {}
    for number, line in enumerate(_lines(path), start=2):
        try:
            at = _moment(line["date"])
            tables[at].append(TableLoad(table=line["table"], rows=int(line["rows"])))
            if took := line.get("seconds"):
                seconds[at] = max(float(took), seconds.get(at, 0))
        except (ValueError, OverflowError) as error:
            raise click.UsageError(f"--csv {path}: line {number}: {error}") from error
    return [_run(at, tables[at], seconds.get(at, 0), pipeline, environment) for at in sorted(tables)]


def _lines(path: Path) -> Iterator[Mapping[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            if missing := [name for name in _NEEDED if name not in (reader.fieldnames or ())]:
                raise click.UsageError(
                    f"--csv {path}: no column {missing[0]!r}; the first line has to name the columns: "
                    "table,date,rows and, if it is known, seconds"
                )
            yield from reader
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise click.UsageError(f"--csv {path}: {error}") from error


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text.strip())
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _run(at: datetime, tables: list[TableLoad], seconds: float, pipeline: str, environment: str) -> Run:
    return Run(
        id=f"{pipeline}-{at.isoformat()}",
        pipeline=pipeline,
        environment=environment,
        started_at=at,
        ended_at=at + timedelta(seconds=seconds),
        outcome=Outcome.SUCCEEDED,
        stage=Stage.LOAD,
        logical_id=f"{pipeline}-{at.isoformat()}",
        tables=tuple(tables),
    )
