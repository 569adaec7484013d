"""Two runs side by side: what is different from a run that went well?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tocsin.channels.formats.literal import cut, one_line
from tocsin.core.phrases import outcome, why
from tocsin.core.run import Run, TableLoad
from tocsin.core.schema_words import brief
from tocsin.core.unusual import step_seconds
from tocsin.core.words import count, duration, listing

#: What is told first, even where only one of the runs has it.
_FIRST = ("Outcome", "Error", "Error class")
#: Characters of a fact.
_FACT = 300


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
    """Two runs side by side."""

    steps: Sequence[Compared]
    #: Those that differ most first, dlt's own last.
    tables: Sequence[Compared]
    #: Facts that differ, and those that are the same.
    differ: Sequence[Compared]
    same: Sequence[Compared]


def compare_runs(run: Run, other: Run) -> Comparison:
    """Return two runs side by side.

    Args:
        run: The one that is looked into.
        other: The one that it is compared with.
    """
    here, there = _facts(run), _facts(other)
    facts = [
        Compared(name=_short(name), here=_short(here.get(name, "")), there=_short(there.get(name, "")))
        for name in dict.fromkeys((*here, *there))
        if here.get(name) or there.get(name)
    ]
    return Comparison(
        steps=_steps(run, other),
        tables=_tables(run, other),
        differ=sorted((fact for fact in facts if fact.differs), key=_weight),
        same=[fact for fact in facts if not fact.differs],
    )


def rows_by_table(tables: Sequence[TableLoad]) -> dict[str, int]:
    """Return the rows of each table; one may be loaded several times in a run."""
    rows: dict[str, int] = {}
    for load in tables:
        rows[load.table] = rows.get(load.table, 0) + load.rows
    return rows


def change_of(here: int | None, there: int | None) -> str:
    """Return how much more or less that is: "+12 %", "-90 %", "as before", "new", "none now"."""
    if here == there:
        return "" if here is None else "as before"
    if there is None:
        return "new"
    if not here:
        return "none now"
    if not there:
        return f"+{here:,}"
    percent = 100 * (here - there) / there
    return f"{percent:+,.0f} %" if abs(percent) >= 1 else f"{percent:+.1g} %"


def distance(here: Mapping[str, int], there: Mapping[str, int], table: str) -> float:
    """Return how far two counts are apart, whichever is larger: a tenth is as far as ten times as many."""
    return abs(math.log((here.get(table, 0) + 1) / (there.get(table, 0) + 1))) if there else here.get(table, 0)


def _weight(fact: Compared) -> tuple[bool, bool]:
    """Sort facts that differ: what is not known of one of the runs may be no difference, and comes last."""
    return fact.name not in _FIRST, not (fact.here and fact.there)


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
