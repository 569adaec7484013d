"""`/runs/{id}/compare`: what is different from a run that went well?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from tocsin.channels.formats.literal import cut, one_line
from tocsin.core.message import Tone
from tocsin.core.phrases import outcome, pipeline, tone_of_run, why
from tocsin.core.run import Run
from tocsin.core.schema_words import brief
from tocsin.core.unusual import step_seconds
from tocsin.core.words import count, duration, listing
from tocsin.web.pages.addresses import of_comparison, of_pipeline, of_run
from tocsin.web.pages.frame import Frame
from tocsin.web.pages.missing import missing
from tocsin.web.pages.run import AROUND, RunId, no_run, seen_run
from tocsin.web.pages.run_tables import change_of, distance, rows_by_table
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

#: What is told first, even where only one of the runs has it.
_FIRST = ("Outcome", "Error", "Error class")
#: Lines of each table, and characters of a fact.
_LINES, _FACT = 60, 300


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two runs."""

    run: Run
    url: str
    ended: str
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One fact of both runs."""

    name: str
    here: str
    there: str
    #: How much more or less it is; empty where that says nothing.
    change: str = ""
    #: What else is to be said of it.
    note: str = ""

    @property
    def differs(self) -> bool:
        """Whether the two are not the same."""
        return self.here != self.there


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What the page shows."""

    name: str
    pipeline_url: str
    here: Side
    there: Side
    steps: Sequence[Compared]
    tables: Sequence[Compared]
    more_tables: int
    #: Facts that differ, and those that are the same.
    differ: Sequence[Compared]
    same: Sequence[Compared]
    #: Other runs to compare it with, by what they are.
    others: Sequence[tuple[str, str]]


@router.get("/runs/{run_id}/compare")
def compare_page(
    frame: Frame, run_id: RunId, other: Annotated[str, Query(alias="with", max_length=200)] = ""
) -> Response:
    """Show two runs side by side, what differs first."""
    with frame.engine.store.reading() as tx:
        run = seen_run(tx, frame, run_id)
        if run is None:
            return no_run(tx, frame, run_id)
        around = tx.neighbourhood(run, each=AROUND)
        named = {"the last good run": around.last_good, "the run before": around.before, "the run after": around.after}
        near = {words: one.id for words, one in named.items() if one is not None}
        other_id = other or near.get("the last good run", "")
        with_run = seen_run(tx, frame, other_id) if other_id else None
        if with_run is None and other:
            return no_run(tx, frame, other)
    links = [(words, of_comparison(run.id, **{"with": one})) for words, one in near.items() if one != other_id]
    if with_run is None:
        why_not = f"None of the {AROUND} runs before it went well. Compare it with another one instead."
        return missing(frame, "good run before", run.id, here="/", why=why_not, near=links)
    view = compare(run, with_run, links)
    page = frame.page(f"{view.name}: two runs compared", "/", tone=view.here.tone, live=False)
    return render("run_compare.html", page, view=view)


def compare(run: Run, other: Run, others: Sequence[tuple[str, str]]) -> Comparison:
    """Return two runs side by side.

    Args:
        run: The one that is looked into.
        other: The one that it is compared with.
        others: What else it can be compared with, for people, with the addresses.
    """
    here, there = _facts(run), _facts(other)
    facts = [
        Compared(name=_short(name), here=_short(here.get(name, "")), there=_short(there.get(name, "")))
        for name in dict.fromkeys((*here, *there))
        if here.get(name) or there.get(name)
    ]
    tables = _tables(run, other)
    return Comparison(
        name=pipeline(run.pipeline, run.environment),
        pipeline_url=of_pipeline(run.pipeline, run.environment),
        here=_side(run),
        there=_side(other),
        steps=_steps(run, other),
        tables=tables[:_LINES],
        more_tables=max(len(tables) - _LINES, 0),
        differ=sorted((fact for fact in facts if fact.differs), key=_weight),
        same=[fact for fact in facts if not fact.differs],
        others=others,
    )


def _weight(fact: Compared) -> tuple[bool, bool]:
    """Sort facts that differ: what is not known of one of the runs may be no difference, and comes last."""
    return fact.name not in _FIRST, not (fact.here and fact.there)


def _side(run: Run) -> Side:
    return Side(run=run, url=of_run(run.id), ended=outcome(run), tone=tone_of_run(run))


def _facts(run: Run) -> dict[str, str]:
    """Return what a run was, by names, in the order in which differences matter."""
    context = run.context
    return {
        "Outcome": outcome(run),
        "Error": why(run),
        "Error class": run.cause.cause_class.value.replace("_", " ") if run.cause is not None else "",
        **{f"{name} version": version for name, version in context.versions.items()},
        "Command": context.command or "",
        "Host": context.host,
        "Destination": ".".join(part for part in (run.destination, run.dataset) if part),
        "Started by": run.origin.value,
        "Orchestrator": context.orchestrator or "",
        "Attempt": str(run.attempt),
        "First run": "yes" if run.first_run else "no",
        "Full refresh": "yes" if run.refreshed else "no",
        "Load packages": count(len(run.load_ids), "package"),
        "Pending": listing(run.pending_packages, most=3),
        "Failed jobs": count(len(run.failed_jobs), "job"),
        **{f"{context.orchestrator or 'its'} {name}": value for name, value in context.names.items()},
    }


def _steps(run: Run, other: Run) -> list[Compared]:
    """Return how long the whole and each step took; a step that did not end has taken what the run has."""
    lengths = [
        {"whole run": one.duration.total_seconds() if one.duration else 0.0}
        | {stage.value: seconds for stage, seconds in step_seconds(one, one.ended_at or one.started_at).items()}
        for one in (run, other)
    ]
    here, there = lengths
    return [
        Compared(
            name=name,
            here=_took(here.get(name)),
            there=_took(there.get(name)),
            change=_longer(here.get(name), there.get(name)),
        )
        for name in dict.fromkeys((*here, *there))
    ]


def _tables(run: Run, other: Run) -> list[Compared]:
    """Return the rows of each table, those that differ most first, dlt's own last."""
    here, there = rows_by_table(run.tables), rows_by_table(other.tables)
    changes = {change.table: brief(change, most=3) for change in run.schema_changes}
    return [
        Compared(
            name=_short(name),
            here=_rows(here.get(name)),
            there=_rows(there.get(name)),
            change=change_of(here.get(name), there.get(name)),
            note=_short(changes.get(name, "")),
        )
        for name in sorted(
            {*here, *there}, key=lambda name: (name.startswith("_dlt"), -distance(here, there, name), name)
        )
    ]


def _rows(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _took(seconds: float | None) -> str:
    return "" if seconds is None else duration(timedelta(seconds=seconds))


def _longer(here: float | None, there: float | None) -> str:
    """Return "+12 s"; empty where one of the two has no such step."""
    if here is None or there is None:
        return ""
    return f"{'+' if here >= there else '-'}{duration(timedelta(seconds=abs(here - there)))}"


def _short(text: str) -> str:
    return cut(one_line(text), _FACT)
