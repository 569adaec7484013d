"""All facts of one run, in the order in which they are asked for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tocsin.cli.screen import Cell, Column, Screen
from tocsin.cli.wording import short
from tocsin.core.cause import Cause
from tocsin.core.message import Tone
from tocsin.core.phrases import outcome, pipeline, stamp, tone_of_run, took
from tocsin.core.run import Run, Step
from tocsin.core.schema_words import brief
from tocsin.core.words import count, duration, listing

_LOG_LINES = 40

_JOBS = (Column(name="Table"), Column(name="Job"), Column(name="Answer"))
_STEPS = (Column(name="Step"), Column(name="Result"), Column(name="Started (UTC)"), Column(name="Took", right=True))
_TABLES = (Column(name="Table"), Column(name="Rows", right=True), Column(name="Schema changes"))


def show_run(screen: Screen, run: Run, log: str | None) -> None:
    """Show a run.

    Args:
        screen: Where to.
        run: What to show.
        log: The end of its log, or None if none was kept or it is not on this machine.
    """
    screen.line(f"{pipeline(run.pipeline, run.environment)} {outcome(run)}, run {short(run.id)}", tone_of_run(run))
    screen.facts(_facts(run))
    if run.cause is not None:
        screen.heading("Why")
        screen.facts(_cause(run.cause))
    if run.failed_jobs:
        screen.heading("Failed jobs")
        screen.table(_JOBS, [(job.table, job.job, job.message) for job in run.failed_jobs])
    if run.steps:
        screen.heading("Steps")
        screen.table(_STEPS, [_step(step) for step in run.steps])
    if run.tables or run.schema_changes:
        screen.heading("Tables")
        # Those of dlt itself come last.
        tables = sorted(run.tables, key=lambda load: load.table.startswith("_dlt"))
        changes = {change.table: brief(change, most=8) for change in run.schema_changes}
        loaded = [(load.table, f"{load.rows:,}", changes.pop(load.table, "")) for load in tables]
        screen.table(_TABLES, [*loaded, *((table, "", change) for table, change in changes.items())])
    if log is not None or run.context.log_path:
        screen.heading("Log")
        _show_log(screen, run, log)
    elif run.cause is not None and run.cause.traceback:
        screen.heading("Traceback")
        screen.code(run.cause.traceback)


def read_log(run: Run) -> str | None:
    """Return the log tail that was kept of a run, or None if there is none or it cannot be read here."""
    if run.context.log_path is None:
        return run.context.log_tail or None
    try:
        return Path(run.context.log_path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return run.context.log_tail or None


def _facts(run: Run) -> list[tuple[str, str]]:
    context = run.context
    of = f" of {run.max_attempts}" if run.max_attempts is not None else ""
    seen = run.heartbeat_at if run.ended_at is None else None
    return [
        ("Started", f"{stamp(run.started_at)} UTC"),
        ("Ended", f"{stamp(run.ended_at)} UTC, after {took(run)}" if run.ended_at else ""),
        ("Last sign of life", f"{stamp(seen)} UTC" if seen else ""),
        ("Last step", run.stage.value),
        ("Attempt", f"{run.attempt}{of}" if run.attempt > 1 or of else ""),
        ("Destination", ".".join(part for part in (run.destination, run.dataset) if part)),
        ("Rows", count(run.rows, "row") if run.rows else ""),
        ("Load packages", listing(run.load_ids, most=5)),
        ("Pending", listing(run.pending_packages, most=5)),
        ("Note", run.note or ""),
        ("Command", context.command or ""),
        ("Host", context.host),
        ("Clock", _clock(context.clock_ahead)),
        ("Process", str(run.process.pid) if run.process else ""),
        ("Orchestrator", context.orchestrator or ""),
        *context.names.items(),
        *((link.label, link.url) for link in context.links),
        ("Run", run.id),
    ]


def _clock(ahead: timedelta) -> str:
    """Return what is wrong with the clock of the host; empty where nothing is."""
    if not ahead:
        return ""
    way = "ahead of" if ahead > timedelta(0) else "behind"
    return f"{duration(abs(ahead))} {way} that of the server; times are told by the server's"


def _cause(cause: Cause) -> list[tuple[str, str]]:
    return [
        ("Error", f"{cause.exception}: {cause.message}" if cause.message else cause.exception),
        ("Class", cause.cause_class.value.replace("_", " ") + (", may go away by itself" if cause.transient else "")),
        ("Step", cause.step or ""),
        ("Resource", cause.resource or ""),
        ("Table", cause.table or ""),
        ("Column", cause.column or ""),
        ("Job", cause.job or ""),
        ("Load package", cause.load_id or ""),
        ("Address", cause.url or ""),
        ("Code", cause.location or ""),
        ("Raised through", " < ".join(reversed(cause.chain)) if len(cause.chain) > 1 else ""),
        ("Do", cause.hint),
    ]


def _step(step: Step) -> tuple[Cell, str, str, str]:
    length = duration(step.duration) if step.duration is not None else ""
    result = "failed" if not step.ok else "done" if step.ended_at else "running"
    tone = {"failed": Tone.ERROR, "done": Tone.GOOD}.get(result, Tone.INFO)
    return Cell(text=step.stage.value, tone=tone), result, stamp(step.started_at), length


def _show_log(screen: Screen, run: Run, log: str | None) -> None:
    path = run.context.log_path
    if log is None:
        screen.line(f"{path} cannot be read here; it was written on {run.context.host or 'the host of the run'}")
        return
    lines = log.splitlines()
    left_out = len(lines) - _LOG_LINES
    of_all = f", its last {_LOG_LINES} lines ({left_out} before them left out)" if left_out > 0 else ""
    screen.line(f"{path or 'The end of it'}{of_all}")
    screen.code("\n".join(lines[-_LOG_LINES:]))
