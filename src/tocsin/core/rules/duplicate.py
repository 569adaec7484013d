"""Has the same load arrived twice?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import prod
from statistics import median
from typing import TYPE_CHECKING

from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.run import Origin, Run
from tocsin.core.series import Key, Measure, Series
from tocsin.core.severity import Severity
from tocsin.core.words import count, moment

if TYPE_CHECKING:
    from tocsin.core.rules.data import Facts

#: Fewer rows are equal by chance, or because little happens at the source.
_LEAST_ROWS = 1000
#: Differences between runs that have to be known of a table before equal numbers say anything.
_LEAST_KNOWN = 8
#: So improbable it has to be that a run brings as many rows to each table as the one before.
_IMPROBABLE = 1e-4


def judge_duplicate(facts: Facts) -> Iterator[Finding]:
    """Yield that a run has loaded what the one before had loaded already, or that this is over.

    Either both name the same load package, or each table got exactly as many rows, in numbers that usually differ. It
    is told once: a run that brings something else ends it.
    """
    run, before = facts.run, facts.before
    if before is not None and (why := _same(run, before, facts.series)):
        yield _duplicate(run, before, why)
        return
    for alert in facts.open_alerts.values():
        if alert.topic is Topic.DUPLICATE and alert.run_id != run.id and run.rows:
            yield _finding(run, kind=Kind.RECOVERED, severity=Severity.INFO, summary="a later run brought other rows")


def _same(run: Run, before: Run, series: Mapping[Key, Series]) -> str:
    """Return why both runs have loaded the same; empty if nothing says so."""
    if not run.rows or run.logical_id == before.logical_id:
        return ""
    # What had stayed pending is loaded by a later run, which is how dlt works.
    loaded = set(before.load_ids) - set(before.pending_packages)
    if before.rows and (again := [load_id for load_id in run.load_ids if load_id in loaded]):
        return f"both runs loaded package {again[0]}"
    purposely = run.first_run or run.refreshed or run.origin is Origin.BACKFILL
    if purposely or run.rows < _LEAST_ROWS or _rows(run) != _rows(before):
        return ""
    chances = [_chance(series.get((Measure.ROWS, table)), run) for table in _rows(run)]
    if prod(chances) > _IMPROBABLE:
        return ""
    return f"each table got exactly as many rows, {run.rows:,} in all, in numbers that usually differ"


def _rows(run: Run) -> dict[str, int]:
    return {load.table: load.rows for load in run.tables if load.rows and not load.table.startswith("_dlt")}


def _chance(series: Series | None, run: Run) -> float:
    """Return how probable it is that a table gets as many rows as the time before; 1 where too little is known.

    Numbers that usually differ by a hundred are equal in about one of a hundred runs.
    """
    values = [point.value for point in series.points if point.at < run.started_at] if series is not None else []
    differences = [abs(later - earlier) for earlier, later in pairwise(values)]
    return 1 / max(median(differences), 1) if len(differences) >= _LEAST_KNOWN else 1


def _duplicate(run: Run, before: Run, why: str) -> Finding:
    rows = _rows(run)
    largest = max(rows, key=lambda table: rows[table])
    table = f"{run.dataset}.{largest}" if run.dataset else largest
    load_ids = dict.fromkeys((*before.load_ids, *run.load_ids))
    query = (  # for people; nobody runs it here
        f"SELECT _dlt_load_id, COUNT(*) FROM {table}\nWHERE _dlt_load_id IN ({', '.join(map(_quoted, load_ids))})\n"  # noqa: S608
        "GROUP BY _dlt_load_id"
    )
    return _finding(
        run,
        kind=Kind.DUPLICATE,
        severity=Severity.WARNING,
        summary=f"{count(run.rows, 'row')} look like those of run {before.id[:8]} once more",
        hint=(
            "Tables that are appended to may hold the rows twice: compare both loads with the query below. Did two "
            "schedulers start the pipeline, or did the cursor of an incremental resource stand still? "
            f"The earlier run: tocsin show {before.id[:8]}"
        ),
        evidence={
            "Why": why,
            "This run": f"{run.id[:8]}, {moment(run.started_at)}",
            "Earlier run": f"{before.id[:8]}, {moment(before.started_at)}",
        },
        code={"Query": query} if load_ids else {},
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _finding(
    run: Run,
    *,
    kind: Kind,
    severity: Severity,
    summary: str,
    hint: str = "",
    evidence: Mapping[str, str] | None = None,
    code: Mapping[str, str] | None = None,
) -> Finding:
    return Finding(
        kind=kind,
        topic=Topic.DUPLICATE,
        subject=run.pipeline,
        environment=run.environment,
        severity=severity,
        at=run.ended_at or run.started_at,
        summary=summary,
        hint=hint,
        reason_key="same rows",
        run_id=run.id,
        logical_id=run.logical_id,
        evidence=evidence or {},
        code=code or {},
    )
