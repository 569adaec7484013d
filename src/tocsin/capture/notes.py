"""Plain messages from the user's code."""

from __future__ import annotations

from tocsin.capture.quiet import quiet
from tocsin.capture.recorder import recorder
from tocsin.core.event import Note
from tocsin.core.severity import Severity


@quiet
def notify(text: str, *, severity: str = "info", pipeline: str = "") -> None:
    """Send a plain message through the routes. Never raises; waits at most the configured budget.

    Args:
        text: The first line becomes the title.
        severity: "info", "warning", "error" or "critical"; routes can ask for it. An unknown word counts as "info".
        pipeline: Name of the pipeline that the message is about, for routes and for the reader.
    """
    known = severity if severity in {s.value for s in Severity} else Severity.INFO
    clean = recorder().redact(str(text))
    note = Note(text=clean, severity=Severity(known), pipeline=str(pipeline), environment=recorder().environment)
    recorder().note(note)
