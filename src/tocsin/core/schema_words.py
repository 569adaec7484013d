"""Changes of a table as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tocsin.core.schema import ColumnChange, SchemaChange
from tocsin.core.words import count, listing

#: Lines of a diff; what is left out is counted.
_LINES = 40


def sentence(change: SchemaChange) -> str:
    """Return "new table with 3 columns", "2 columns added, 1 column removed", "column price is text, was bigint"."""
    if change.removed:
        return "table removed"
    if change.new_table:
        return f"new table with {count(len(change.columns), 'column')}"
    if len(change.columns) == 1:
        return _say(change.columns[0])
    kinds = (
        ("added", [column for column in change.columns if column.added]),
        ("removed", [column for column in change.columns if column.data_type is None]),
        ("of another type", [column for column in change.columns if column.variant_of or _is_retyped(column)]),
    )
    return ", ".join(f"{count(len(columns), 'column')} {what}" for what, columns in kinds if columns)


def brief(change: SchemaChange, *, most: int) -> str:
    """Return what fits into a cell: "new table", "+ price, - old, ~ tax"."""
    if change.new_table or change.removed:
        return "new table" if change.new_table else "removed"
    return listing([f"{_sign(column)} {column.name}" for column in change.columns], most=most)


def diff(change: SchemaChange) -> str:
    """Return one line for each column: "+ column discount double", "- column old text", "~ column a bigint → text"."""
    lines = [_line(column) for column in change.columns]
    if change.new_table or change.removed:
        lines = [f"{'+' if change.new_table else '-'} table {change.table}", *_indented(lines)]
    if change.resource:
        lines[0] += f" (resource {change.resource})"
    more = [f"+{len(lines) - _LINES} more"] if len(lines) > _LINES else []
    return "\n".join([*lines[:_LINES], *more])


def names(columns: Sequence[ColumnChange]) -> str:
    """Return the names of columns, at most five of them."""
    return listing([column.name for column in columns], most=5)


def _say(column: ColumnChange) -> str:
    if column.variant_of:
        return f"column {column.variant_of} got values of type {column.data_type}, which are in {column.name}"
    if column.data_type is None:
        return f"column {column.name} removed"
    if _is_retyped(column):
        return f"column {column.name} is {column.data_type}, was {column.before}"
    return f"column {column.name} added"


def _line(column: ColumnChange) -> str:
    line = f"{_sign(column)} column {column.name}"
    if _is_retyped(column):
        return f"{line} {column.before} → {column.data_type}"
    of = f" (values of {column.variant_of} of another type)" if column.variant_of else ""
    return f"{line} {column.data_type or column.before or ''}".rstrip() + of


def _sign(column: ColumnChange) -> str:
    if _is_retyped(column):
        return "~"
    return "-" if column.data_type is None and column.before is not None else "+"


def _is_retyped(column: ColumnChange) -> bool:
    return column.data_type is not None and column.before is not None


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]
