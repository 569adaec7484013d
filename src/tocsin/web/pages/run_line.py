"""A run as a line of a table: on the page of its pipeline, and in the list of all its runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tocsin.core.message import Tone
from tocsin.core.phrases import outcome, tone_of_run, took, why
from tocsin.core.run import Run
from tocsin.web.pages.addresses import of_run


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """What `templates/run_lines.html` shows of each."""

    url: str
    started_at: datetime
    state: str
    tone: Tone
    took: str
    rows: int
    #: What went wrong, and which attempt it was where it is not the first.
    why: str


def line_of(run: Run) -> RunLine:
    """Return a run as a line."""
    of = f" of {run.max_attempts}" if run.max_attempts else ""
    attempt = f"attempt {run.attempt}{of}" if run.attempt > 1 else ""
    wrong = why(run) if not run.outcome.ok else ""
    return RunLine(
        url=of_run(run.id),
        started_at=run.started_at,
        state=outcome(run),
        tone=tone_of_run(run),
        took=took(run),
        rows=run.rows,
        why=": ".join(part for part in (attempt, wrong) if part),
    )
