"""Facts as the cells and phrases that several commands show."""

from __future__ import annotations

import dataclasses

from tocsin.cli.screen import Cell
from tocsin.core.alert import Alert
from tocsin.core.phrases import pipeline, subject, tone_of_alert, tone_of_run
from tocsin.core.run import Run


def short(long_id: str) -> str:
    """Return as much of an id as people have to type."""
    return long_id[:8]


def run_cell(run: Run) -> Cell:
    """Return the pipeline of a run, with the sign of its outcome."""
    return Cell(text=pipeline(run.pipeline, run.environment), tone=tone_of_run(run))


def subject_cell(alert: Alert) -> Cell:
    """Return what an alert is about, with its sign."""
    return Cell(text=subject(alert), tone=tone_of_alert(alert))


def run_document(run: Run) -> dict[str, object]:
    """Return a run for `--json`: every field of `Run`, `rows` and `duration_seconds` (null while it runs)."""
    seconds = run.duration.total_seconds() if run.duration is not None else None
    return {**_whole(run), "rows": run.rows, "duration_seconds": seconds}


def alert_document(alert: Alert, told: list[dict[str, object]]) -> dict[str, object]:
    """Return an alert for `--json`: every field of `Alert`, `open`, and in `told` who knows."""
    return {**_whole(alert), "open": alert.open, "told": told}


def _whole(fact: Run | Alert) -> dict[str, object]:
    """Return all fields: programs need not know which values are defaults."""
    return {field.name: getattr(fact, field.name) for field in dataclasses.fields(fact)}
