"""Has a table changed its looks, and who may be hurt by it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tocsin.core.finding import Finding, Kind, Topic, Trait
from tocsin.core.run import Run
from tocsin.core.schema import SchemaChange
from tocsin.core.schema_words import diff, names, sentence
from tocsin.core.severity import Severity

if TYPE_CHECKING:
    from tocsin.core.rules.data import Facts


def judge_schema(facts: Facts) -> Iterator[Finding]:
    """Yield a finding for each table that a run has changed.

    A change is told once. It is over with the next run that goes well, as it is what is usual from then on.
    """
    run = facts.run
    changed = {change.table: change for change in run.schema_changes}
    if facts.schema_changes is not None:
        for change in changed.values():
            yield _change(run, change, facts.schema_changes)
    for alert in facts.open_alerts.values():
        if alert.topic is Topic.SCHEMA and alert.run_id != run.id and alert.item not in changed:
            yield _finding(run, alert.item, kind=Kind.RECOVERED, severity=Severity.INFO, summary=_USUAL)


_USUAL = "a later run went well with the table as it is now"


def _change(run: Run, change: SchemaChange, additions: Severity) -> Finding:
    return _finding(
        run,
        change.table,
        kind=Kind.SCHEMA,
        severity=additions if change.only_adds else max(additions, Severity.WARNING, key=lambda one: one.order),
        summary=sentence(change),
        hint=_hint(run, change),
        change=change,
    )


def _finding(
    run: Run,
    table: str,
    *,
    kind: Kind,
    severity: Severity,
    summary: str,
    hint: str = "",
    change: SchemaChange | None = None,
) -> Finding:
    difference = diff(change) if change is not None else ""
    return Finding(
        kind=kind,
        topic=Topic.SCHEMA,
        subject=run.pipeline,
        environment=run.environment,
        item=table,
        severity=severity,
        at=run.ended_at or run.started_at,
        summary=summary,
        hint=hint,
        reason_key=difference,
        run_id=run.id,
        logical_id=run.logical_id,
        evidence={"Resource": change.resource} if change is not None and change.resource else {},
        code={"Difference": difference} if difference else {},
        traits={Trait.TABLE.value: table},
    )


def _hint(run: Run, change: SchemaChange) -> str:
    gone = [column for column in change.columns if column.data_type is None and column.before is not None]
    variants = [column for column in change.columns if column.variant_of]
    if change.removed or gone:
        what = f"table {change.table}" if change.removed else names(gone)
        return (
            f"dlt's schema has {what} no longer, which loads alone do not bring about: tables were dropped by hand "
            f"(dlt pipeline {run.pipeline} drop), the import schema was edited, or another version of the code ran. "
            "What reads it gets nothing new."
        )
    if variants:
        first = variants[0]
        return (
            f"Whoever reads {first.variant_of} misses these values. To have one column, give it a type that holds "
            f'both: columns={{"{first.variant_of}": {{"data_type": "text"}}}} on the resource. To refuse such values: '
            'schema_contract={"data_type": "freeze"}.'
        )
    if any(not column.added for column in change.columns):
        return "The type was changed in the code or in the import schema. What reads the column may not expect it."
    entity = "tables" if change.new_table else "columns"
    return f'Nothing has to be done. To refuse such changes: schema_contract={{"{entity}": "freeze"}} on the resource.'
