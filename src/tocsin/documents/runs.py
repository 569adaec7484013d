"""A run as a document."""

from __future__ import annotations

from tocsin.core.run import Run
from tocsin.documents.whole import whole


def run_document(run: Run) -> dict[str, object]:
    """Return a run: every field of `Run`, `rows` and `duration_seconds` (null while it runs)."""
    seconds = run.duration.total_seconds() if run.duration is not None else None
    return {**whole(run), "rows": run.rows, "duration_seconds": seconds}
