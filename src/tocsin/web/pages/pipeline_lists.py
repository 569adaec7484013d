"""What stands in the lists of a pipeline's page: expected runs, checks, changes, problems that are over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from xml.etree.ElementTree import Element

from tocsin.core.check import CheckResult
from tocsin.core.check_words import question_of
from tocsin.core.message import Tone
from tocsin.core.phrases import kind, problem, tone_of_alert, tone_of_slot
from tocsin.core.run import Run
from tocsin.core.schema_words import brief
from tocsin.core.slot import Slot
from tocsin.core.words import duration
from tocsin.report.check_results import answer, draw_results, tone_of_result
from tocsin.report.facts import PipelineFacts
from tocsin.report.lines import TableLine, check_lines, first_attempts, schema_changes
from tocsin.web.pages.addresses import of_alert, of_run, runs_of

#: Lines of each list, and columns that one change names.
_LINES, _COLUMNS = 8, 8


@dataclass(frozen=True, kw_only=True)
class Said:
    """A state in a few words, and where more of it is told; an empty address for nowhere."""

    words: str
    tone: Tone
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class SlotLine:
    """An expected run, and what became of it."""

    due_at: datetime
    state: str
    tone: Tone
    #: When its run began, and where that is told; nothing where none did, or it is older than those that are known.
    started_at: datetime | None
    url: str


@dataclass(frozen=True, kw_only=True)
class OverLine:
    """A problem that is over."""

    url: str
    since: datetime
    lasted: str
    problem: str
    item: str
    resolution: str


@dataclass(frozen=True, kw_only=True)
class CheckLine:
    """A check, with its latest results."""

    name: str
    question: str
    results: Element
    answer: str
    tone: Tone
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ChangeLine:
    """What a run has changed in a table."""

    at: datetime
    url: str
    table: str
    change: str


def said_of(table: TableLine) -> list[Said]:
    """Return how a table is: all that is wrong with it, or that nothing is."""
    if table.alerts:
        return [Said(words=kind(one), tone=tone_of_alert(one), url=of_alert(one.id)) for one in table.alerts]
    known = bool(table.expected)
    return [Said(words="as usual" if known else "not judged yet", tone=Tone.GOOD if known else Tone.INFO)]


def slots_of(facts: PipelineFacts, since: datetime) -> list[SlotLine]:
    """Return the newest expected runs."""
    begun = first_attempts(facts.runs)
    return [_slot(slot, begun.get(slot.logical_id or "")) for slot in facts.slots if slot.due_at >= since][:_LINES]


def checks_of(facts: PipelineFacts) -> list[CheckLine]:
    """Return the checks, those that fail first."""
    return [_check(results) for results in check_lines(facts)]


def changes_of(facts: PipelineFacts, since: datetime) -> list[ChangeLine]:
    """Return what the newest runs have changed in tables."""
    changes = schema_changes([run for run in facts.runs if run.started_at >= since])
    return [
        ChangeLine(at=run.started_at, url=of_run(run.id), table=change.table, change=brief(change, most=_COLUMNS))
        for run, change in changes[:_LINES]
    ]


def over_since(facts: PipelineFacts, since: datetime) -> list[OverLine]:
    """Return the problems that were over last."""
    over = [alert for alert in facts.alerts if not alert.open and alert.last_at >= since]
    return [
        OverLine(
            url=of_alert(alert.id),
            since=alert.since,
            lasted=duration((alert.resolved_at or alert.last_at) - alert.since),
            problem=problem(alert),
            item=alert.item,
            resolution=alert.resolution or "",
        )
        for alert in over[:_LINES]
    ]


def runs_of_day(name: str, environment: str, day: date) -> str:
    """Return the address of the runs of a day, by UTC, and of those before it."""
    end = datetime.combine(day + timedelta(days=1), time(0), UTC)
    return runs_of(name, environment, before=end.isoformat())


def _slot(slot: Slot, run: Run | None) -> SlotLine:
    return SlotLine(
        due_at=slot.due_at,
        state=slot.state.value,
        tone=tone_of_slot(slot.state),
        started_at=run.started_at if run is not None else None,
        url=of_run(run.id) if run is not None else "",
    )


def _check(results: Sequence[CheckResult]) -> CheckLine:
    last = results[0]
    return CheckLine(
        name=last.check.name,
        question=question_of(last.check),
        results=draw_results(results),
        answer=answer(last),
        tone=tone_of_result(last),
        at=last.at,
    )
