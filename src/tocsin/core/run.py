"""The facts of one execution of a pipeline, as every other part reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tocsin.core.cause import Cause
from tocsin.core.schema import SchemaChange, SchemaVersion


class Outcome(StrEnum):
    """How a run ended; dlt itself knows only "ok" and "raised"."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    NO_DATA = "no_data"
    PENDING_ONLY = "pending_only"
    ABORTED = "aborted"
    #: It was not started, because what it depends on had failed.
    BLOCKED = "blocked"
    PARTIAL = "partial"
    FAILED = "failed"
    EXITED = "exited"
    INTERRUPTED = "interrupted"
    DIED = "died"

    @property
    def ok(self) -> bool:
        """Whether the run did what it was started for."""
        return self in GOOD

    @property
    def bad(self) -> bool:
        """Whether somebody has to know: the run ended and did not do its work."""
        return self in _BAD


#: Outcomes of runs that did what they were started for.
GOOD = frozenset({Outcome.SUCCEEDED, Outcome.NO_DATA, Outcome.PENDING_ONLY})
_BAD = frozenset({Outcome.PARTIAL, Outcome.FAILED, Outcome.EXITED, Outcome.INTERRUPTED, Outcome.DIED})


class Origin(StrEnum):
    """Who started a run."""

    SCHEDULE = "schedule"
    PERSON = "person"
    BACKFILL = "backfill"


class Stage(StrEnum):
    """Where in its life a process was. `before` and `after` surround dlt's own steps."""

    BEFORE = "before"
    SYNC = "sync"
    EXTRACT = "extract"
    NORMALIZE = "normalize"
    LOAD = "load"
    AFTER = "after"
    #: A watched callable or command, which has no stages.
    JOB = "job"

    @property
    def order(self) -> int:
        """Position in a run's life, so that a recovery can be checked to reach the failed stage."""
        return tuple(Stage).index(self)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a run with its wall time."""

    stage: Stage
    started_at: datetime
    ended_at: datetime | None = None
    #: False only where dlt reported the step as failed.
    ok: bool = True

    @property
    def duration(self) -> timedelta | None:
        """Wall time, or None while the step runs."""
        return self.ended_at - self.started_at if self.ended_at else None


@dataclass(frozen=True, kw_only=True)
class TableLoad:
    """What a run sent to one table."""

    table: str
    #: Rows sent in this run, not the table's growth: a merge may replace rows.
    rows: int


@dataclass(frozen=True, kw_only=True)
class FailedJob:
    """A load job that failed for good in a run that dlt reports as "ok"."""

    job: str
    table: str
    #: The destination's answer, redacted and shortened.
    message: str
    load_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Link:
    """Something to open: a log, a run page."""

    label: str
    url: str


#: The sources of a schedule that stands in the code, and in the settings of a pipeline that reports to a server.
IN_CODE, IN_SETTINGS = "tocsin.watch", "the pipeline's own settings"


@dataclass(frozen=True, kw_only=True)
class DeclaredSchedule:
    """When a pipeline should run, as its own process knows: from its code, or from its orchestrator.

    It is as it was written there: the process of a run does not load what it takes to read schedules.
    """

    #: As for `parse_schedule`. Empty where it is known that there is none.
    text: str = ""
    #: IANA name; None for the configured zone.
    timezone: str | None = None
    #: Who says so, for people: `IN_CODE`, or "Airflow DAG orders".
    source: str
    start_within: timedelta | None = None
    finish_within: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Context:
    """Where a run ran, and where its log can be read."""

    #: "airflow", "github-actions"…; None for a plain process.
    orchestrator: str | None = None
    #: Links to the log and the run page, best first.
    links: tuple[Link, ...] = ()
    #: Path of the log tail that was captured; set where no link exists.
    log_path: str | None = None
    #: The end of that log, redacted, where whoever shows it cannot read the file: a server.
    log_tail: str = ""
    #: Who owns the pipeline by its own settings, for a server that does not have them.
    owner: str = ""
    #: What is known of the run was told by pings, which say when it begins and ends, and little between.
    pinged: bool = False
    #: How long it may give no sign of life, as a server gets them; None where that is for the server to say.
    died_after: timedelta | None = None
    #: The orchestrator's own names for the run: dag_id, task_id, run_id…
    names: Mapping[str, str] = field(default_factory=dict)
    #: What the orchestrator runs there, for people: "publish of Airflow DAG shop, try 1 of 2".
    task: str = ""
    #: Stable over the retries of one logical run; None where the orchestrator has no such name.
    logical_id: str | None = None
    attempt: int = 1
    max_attempts: int | None = None
    #: For how long the orchestrator waits before the next attempt; None where that is not known.
    retry_delay: timedelta | None = None
    #: What the orchestrator knows of the schedule; None where it tells nothing.
    schedule: DeclaredSchedule | None = None
    #: The jobs that the orchestrator does not start where this one fails, nearest first.
    blocks: tuple[str, ...] = ()
    #: The script or module that was started, relative to the working directory where possible.
    command: str | None = None
    host: str = ""
    #: What it ran with, by name: "python", "dlt", "tocsin".
    versions: Mapping[str, str] = field(default_factory=dict)
    #: True where a person sits in front of the process (a terminal or a notebook).
    interactive: bool = False
    #: By how much the clock there is ahead of the server's, by which all moments of the run are told; below zero where
    #: it is behind. Zero where the two agree, and where no server is asked.
    clock_ahead: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class Process:
    """Identity of an operating-system process that survives the reuse of its pid."""

    pid: int
    #: Clock ticks since boot, from /proc/PID/stat; None where the system does not tell.
    start_ticks: int | None = None
    #: Boot id and pid namespace: a pid says nothing on another machine or in another container.
    machine: str = ""


#: How `Run.ended_by` begins where the kernel ended the process because memory had run out.
OUT_OF_MEMORY = "out of memory"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run has come. A heartbeat says that the process lives; only this says that it moves."""

    #: When something moved last: a page of rows, a file, a load job, or a new step.
    moved_at: datetime
    stage: Stage
    #: The table whose rows came last while extracting and normalizing, and while loading the table of the job that
    #: goes on for longest. None where only the step as a whole has moved.
    subject: str | None = None
    #: Rows of the subject so far, as dlt counts them; without a subject, resources or files of the step that are
    #: done, and load jobs while loading.
    done: int = 0
    #: How many there will be; None where dlt does not know, as it never does of rows.
    total: int | None = None
    #: Where the work stands in the user's code, innermost first: "orders.py:39 in fetch". Taken while nothing moves.
    stack: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Run:
    """One attempt to run a pipeline, from its start to its end.

    The same type is written by the pipeline's process at the start and at the end, merged by the engine
    and kept in the store. Times are aware and in UTC.
    """

    id: str
    pipeline: str
    environment: str
    started_at: datetime
    outcome: Outcome = Outcome.RUNNING
    ended_at: datetime | None = None
    #: The last stage that was begun.
    stage: Stage = Stage.BEFORE
    #: Attempts of one logical run share this id (tenacity, orchestrator retries).
    logical_id: str = ""
    attempt: int = 1
    #: How many attempts the retrying party allows; None if unknown.
    max_attempts: int | None = None
    steps: tuple[Step, ...] = ()
    tables: tuple[TableLoad, ...] = ()
    failed_jobs: tuple[FailedJob, ...] = ()
    schema_changes: tuple[SchemaChange, ...] = ()
    #: The schemas that it has loaded with. They are compared with those of the run before when the run is taken in, and
    #: kept apart from it.
    schemas: tuple[SchemaVersion, ...] = ()
    load_ids: tuple[str, ...] = ()
    #: Load packages that wait on the disk of the pipeline after this run.
    pending_packages: tuple[str, ...] = ()
    cause: Cause | None = None
    #: Name of the destination as dlt shows it, for example "duckdb" or "postgres".
    destination: str | None = None
    dataset: str | None = None
    #: Where the destination is, as far as dlt shows it: "postgresql://db.internal:5432/warehouse". Neither user nor
    #: password nor parameters are in it.
    location: str | None = None
    first_run: bool = False
    #: What was loaded before was thrown away first: dlt's `refresh`.
    refreshed: bool = False
    #: The schedule that stands in the code or in the pipeline's own settings; goes before that of the context.
    schedule: DeclaredSchedule | None = None
    context: Context = field(default_factory=Context)
    process: Process | None = None
    heartbeat_at: datetime | None = None
    progress: Progress | None = None
    #: What ended the process of a run that died, where it is known: "SIGKILL", "exit code 3", or text that begins
    #: with `OUT_OF_MEMORY`.
    ended_by: str | None = None
    #: The same error is told by another run: that of a pipeline inside a watched job.
    told_elsewhere: bool = False
    #: Told by an onlooker, as by an orchestrator that misses its process; the process may have told the same attempt.
    second_hand: bool = False
    #: The logical ids, as those of contexts, of what failed inside, where this run is no more than all of its parts.
    parts: tuple[str, ...] = ()
    #: Anything else worth reading, told as it is.
    note: str | None = None
    #: Each report tells a part of it only, as the events of OpenLineage do: what the others told is kept.
    told_in_parts: bool = False

    def __post_init__(self) -> None:
        """Refuse naive times: they cannot be compared with what other machines report."""
        for moment in (self.started_at, self.ended_at, self.heartbeat_at):
            if moment is not None and moment.tzinfo is None:
                msg = f"run {self.id}: {moment!r} has no time zone; pass an aware datetime"
                raise ValueError(msg)

    @property
    def duration(self) -> timedelta | None:
        """Wall time of the run, or None while it runs."""
        return self.ended_at - self.started_at if self.ended_at else None

    @property
    def heard_at(self) -> datetime:
        """When it gave its last sign of life."""
        return self.heartbeat_at or self.started_at

    def died(self, ended_by: str | None = None) -> Run:
        """Return the run as it is once its process is gone without a word, by what if that is known."""
        return replace(self, outcome=Outcome.DIED, ended_at=self.heard_at, ended_by=ended_by)

    @property
    def origin(self) -> Origin:
        """Who started the run, as far as its orchestrator or its terminal tells."""
        kind = self.context.names.get("run_type", "")
        if "backfill" in kind:
            return Origin.BACKFILL
        return Origin.PERSON if self.context.interactive or kind == "manual" else Origin.SCHEDULE

    @property
    def rows(self) -> int:
        """Rows sent to the user's tables, dlt's own tables left out."""
        return rows_of(self.tables)


def rows_of(tables: Iterable[TableLoad]) -> int:
    """Return the rows that were sent to the user's tables, dlt's own tables left out."""
    return sum(each.rows for each in tables if not each.table.startswith("_dlt"))


def merge(known: Run | None, reported: Run) -> Run:
    """Return what is known of a run after a report, whatever the order in which reports arrive.

    A later sign of life beats an earlier one, an end beats both, and an end that was reported beats the assumption
    that the run died.
    """
    if known is None:
        return reported
    newer = _newer(known, reported)
    return _with_parts(newer, known if newer is reported else reported) if reported.told_in_parts else newer


def _newer(known: Run, reported: Run) -> Run:
    if known.outcome is reported.outcome is Outcome.RUNNING:
        return max(known, reported, key=lambda run: run.heard_at)
    if known.outcome is Outcome.RUNNING:
        return reported
    if reported.outcome is Outcome.RUNNING or (known.outcome is not Outcome.DIED and known.ended_at is not None):
        return known
    return reported


def _with_parts(run: Run, other: Run) -> Run:
    """Return a run with what only another report of it tells."""
    tables = {load.table for load in run.tables}
    ours, theirs = run.context, other.context
    return replace(
        run,
        started_at=min(run.started_at, other.started_at),
        heartbeat_at=max(filter(None, (run.heartbeat_at, other.heartbeat_at)), default=None),
        tables=(*run.tables, *(load for load in other.tables if load.table not in tables)),
        destination=run.destination or other.destination,
        context=replace(
            ours,
            names={**theirs.names, **ours.names},
            links=ours.links or theirs.links,
            owner=ours.owner or theirs.owner,
        ),
    )
