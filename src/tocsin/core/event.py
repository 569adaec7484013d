"""What the user's process reports to the engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.core.check import CheckResult
from tocsin.core.run import Run
from tocsin.core.severity import Severity


class EventType(StrEnum):
    """What happened. The names are the format on disk: they never change."""

    RUN_STARTED = "run.started"
    #: A sign of life with the newest snapshot of the run; there is one file a run, written over and over.
    PROGRESS = "progress"
    RUN_FINISHED = "run.finished"
    #: A process whose runs had ended came to its own end without an error.
    PROCESS_ENDED = "process.ended"
    #: Checks of data have been run.
    CHECK_FINISHED = "check.finished"
    #: A plain message from the user's code.
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class Note:
    """A plain message for the routes: `tocsin.notify("backfill done")`."""

    text: str
    severity: Severity = Severity.INFO
    pipeline: str = ""
    environment: str = "default"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One report. Taking the same event in twice changes nothing."""

    #: Version of this format; a reader refuses a newer one rather than to misread it.
    v: int = 1
    id: str
    type: EventType
    at: datetime
    #: The run as it was known at `at`; None for notes, and for checks that nobody ran after a run.
    run: Run | None = None
    note: Note | None = None
    checks: tuple[CheckResult, ...] = ()
