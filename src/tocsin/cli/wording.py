"""Facts as the cells and phrases that several commands show."""

from __future__ import annotations

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
