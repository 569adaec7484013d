"""What is known of a run beside its work: what ended it, where it ran, and with what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.channels.formats.literal import clean, cut, cut_middle, is_web, one_line
from tocsin.core.cause import Cause
from tocsin.core.phrases import outcome
from tocsin.core.run import Link, Progress, Run
from tocsin.core.words import count, duration, listing

#: Characters of a message, of a traceback and of any other fact.
_MESSAGE, _TRACEBACK, _FACT = 1500, 12_000, 300
#: Names that an orchestrator gives, and links.
_NAMES = 12
#: Below this a run that goes on moves.
_MOVES = timedelta(minutes=1)

Facts = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Broken:
    """What broke."""

    exception: str
    #: What it says, with its line breaks, or how the run ended.
    says: str
    hint: str
    facts: Facts
    traceback: str


@dataclass(frozen=True, kw_only=True)
class Halt:
    """Where a run that goes on stands."""

    #: "Nothing has moved for 12 min, in extract of orders".
    says: str
    stands: bool
    #: Lines of the user's code, innermost first: "orders.py:39 in fetch".
    frames: Sequence[str]


def broken(run: Run) -> Broken | None:
    """Return what broke, None for a run that did not break."""
    if not run.outcome.bad and run.cause is None:
        return None
    if run.cause is None:
        said = [f"Ended by {run.ended_by}" if run.ended_by else "", run.note or ""]
        if run.failed_jobs:
            said.insert(0, f"{count(len(run.failed_jobs), 'load job')} failed for good")
        says = ". ".join(part for part in said if part) or f"The run {outcome(run)}, and said nothing of why"
        facts = [("Last step", run.stage.value)]
        return Broken(exception="", says=_text(says, _MESSAGE), hint="", facts=facts, traceback="")
    cause = run.cause
    return Broken(
        exception=cause.exception,
        says=_text(cause.message, _MESSAGE),
        hint=_text(cause.hint, _MESSAGE),
        facts=_facts_of_cause(cause),
        traceback=_text(cause.traceback, _TRACEBACK),
    )


def halt(run: Run, now: datetime) -> Halt | None:
    """Return where a run stands that goes on; None where that is not told.

    How long it has stood still is measured between two times of its own machine, so that clocks that differ do not
    matter.
    """
    if run.ended_at is not None or run.progress is None:
        return None
    still = (run.heartbeat_at or now) - run.progress.moved_at
    stands = still >= _MOVES
    place = _place(run.progress)
    return Halt(
        says=f"Nothing has moved for {duration(still)}, in {place}" if stands else f"It moves, in {place}",
        stands=stands,
        frames=run.progress.stack,
    )


def place_facts(run: Run) -> Facts:
    """Return where a run ran, and with what."""
    context = run.context
    return _brief(
        ("Destination", ".".join(part for part in (run.destination, run.dataset) if part)),
        ("Command", context.command or ""),
        ("Host", context.host),
        ("Process", str(run.process.pid) if run.process else ""),
        ("Clock", _clock(context.clock_ahead)),
        ("Started by", "" if context.names.get("run_type") else run.origin.value),
        ("Orchestrator", context.orchestrator or ""),
        *list(context.names.items())[:_NAMES],
        *((f"{name} version", version) for name, version in list(context.versions.items())[:_NAMES]),
    )


def load_facts(run: Run) -> Facts:
    """Return what was loaded how."""
    return _brief(
        ("Last step", run.stage.value),
        ("Load packages", listing(run.load_ids, most=5)),
        ("First run", "yes" if run.first_run else ""),
        ("Full refresh", "yes" if run.refreshed else ""),
        ("Note", run.note or ""),
    )


def links_of(run: Run) -> tuple[list[Link], list[Link]]:
    """Return the links of a run that can be clicked, and those that are shown as text: no web addresses."""
    links = run.context.links[:_NAMES]
    return [link for link in links if is_web(link.url)], [link for link in links if not is_web(link.url)]


def _facts_of_cause(cause: Cause) -> Facts:
    return _brief(
        ("Class", cause.cause_class.value.replace("_", " ") + (", may go away by itself" if cause.transient else "")),
        ("Step", cause.step or ""),
        ("Resource", cause.resource or ""),
        ("Table", cause.table or ""),
        ("Column", cause.column or ""),
        ("Job", cause.job or ""),
        ("Load package", cause.load_id or ""),
        ("Address", cause.url or ""),
        ("Code", cause.location or ""),
        ("Raised through", " ← ".join(reversed(cause.chain)) if len(cause.chain) > 1 else ""),
    )


def _place(progress: Progress) -> str:
    of = f" of {progress.subject}" if progress.subject else ""
    total = f" of {progress.total:,}" if progress.total is not None else ""
    return f"{progress.stage}{of}" + (f", {progress.done:,}{total} done" if progress.done or total else "")


def _clock(ahead: timedelta) -> str:
    """Return what is wrong with the clock of the host; empty where nothing is."""
    if not ahead:
        return ""
    way = "ahead of" if ahead > timedelta(0) else "behind"
    return f"{duration(abs(ahead))} {way} that of the server, by which times are told"


def _brief(*facts: tuple[str, str]) -> Facts:
    """Return facts in one line each, without those that are not known."""
    return [(cut(one_line(name), _FACT), cut(one_line(value), _FACT)) for name, value in facts if value]


def _text(text: str, most: int) -> str:
    return cut_middle(clean(text).strip("\n"), most)
