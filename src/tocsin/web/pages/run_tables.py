"""What a run brought to each table, beside the last good run and what was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tocsin.channels.formats.literal import clean, cut
from tocsin.core.alert import Alert
from tocsin.core.run import Outcome, Run
from tocsin.core.schema import SchemaChange
from tocsin.core.schema_words import brief, diff, sentence
from tocsin.core.series import Key, Measure, Point, Series
from tocsin.core.trend import Judged, trend
from tocsin.documents.comparison import change_of, distance, rows_by_table

#: Tables, tables whose schema has changed, and lines of what has changed in one of them.
_TABLES, _CHANGES, _LINES = 40, 12, 24
#: Characters of such a line.
_WIDE = 160


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One table."""

    name: str
    #: None where the run did not name it.
    rows: int | None
    #: None where the last good run did not name it, or where there is none.
    before: int | None
    #: "+12 %", "new"; empty where nothing can be compared.
    change: str
    #: "900 to 1,500"; empty where too little is known.
    expected: str
    unusual: bool
    #: What has become of its columns.
    schema: str


@dataclass(frozen=True, kw_only=True)
class SchemaDiff:
    """What has become of one table."""

    table: str
    sentence: str
    #: Each line with its look: "added", "removed" or none.
    lines: Sequence[tuple[str, str]]
    #: Lines that are left out.
    more: int


def table_rows(
    run: Run, good: Run | None, series: Mapping[Key, Series], alerts: Sequence[Alert], *, false_alerts: float
) -> tuple[list[TableRow], int]:
    """Return the tables that differ most first, dlt's own last, and how many are left out.

    Args:
        run: Whose tables.
        good: The last run before it that went well.
        series: Those of its pipeline.
        alerts: Those about the run.
        false_alerts: See `trend`.
    """
    here, there = rows_by_table(run.tables), rows_by_table(good.tables if good is not None else ())
    changes = {change.table: change for change in run.schema_changes}
    told = {alert.item for alert in alerts}
    # A run that goes on may still name the others, and one that failed before it loaded names none.
    usual = there if run.outcome.ok or (here and run.outcome is not Outcome.RUNNING) else {}
    names = sorted(
        {*here, *usual, *changes},
        key=lambda table: (table.startswith("_dlt"), table not in told, -distance(here, there, table), table),
    )
    rows = []
    for name in names[:_TABLES]:
        judged = judge(series.get((Measure.ROWS, name)), run, here.get(name, 0), alerts, false_alerts=false_alerts)
        rows.append(
            TableRow(
                name=name,
                rows=here.get(name),
                before=there.get(name),
                change=change_of(here.get(name), there.get(name)) if good is not None else "",
                expected=judged.expected if judged is not None else "",
                unusual=judged is not None and judged.unusual,
                schema=brief(changes[name], most=4) if name in changes else "",
            )
        )
    return rows, max(len(names) - _TABLES, 0)


def judge(
    known: Series | None, run: Run, value: float, alerts: Sequence[Alert], *, false_alerts: float
) -> Judged | None:
    """Return a value of a run beside what its series let expect when it began; None where nothing is known.

    Nothing is learned from a run that failed or that goes on, so its value may stand in no series.
    """
    if known is None:
        return None
    logical_id = run.logical_id or run.id
    point = known.point(logical_id) or Point(at=run.started_at, value=value, logical_id=logical_id)
    earlier = tuple(each for each in known.points if each.at < point.at)
    until = replace(known, points=(*earlier, point))
    return trend(until, alerts, false_alerts=false_alerts, newest=1).points[-1]


def is_above(judged: Judged | None) -> bool:
    """Whether a value is higher than what was expected."""
    return judged is not None and judged.high is not None and judged.value > judged.high


def schema_diffs(changes: Sequence[SchemaChange]) -> tuple[list[SchemaDiff], int]:
    """Return what has become of tables, and how many are left out."""
    shown = []
    for change in changes[:_CHANGES]:
        lines = diff(change).split("\n") if change.columns else []
        shown.append(
            SchemaDiff(
                table=change.table,
                sentence=sentence(change),
                lines=[(cut(clean(line), _WIDE), _look(line)) for line in lines[:_LINES]],
                more=max(len(lines) - _LINES, 0),
            )
        )
    return shown, max(len(changes) - _CHANGES, 0)


def _look(line: str) -> str:
    return {"+": "added", "-": "removed"}.get(line.lstrip()[:1], "")
