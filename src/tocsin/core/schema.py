"""What tables look like, and what has become of that from one load to the next."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class ColumnChange:
    """A column that came, went or changed its type. Types are dlt's: "bigint", "double"."""

    name: str
    #: None where the column is gone.
    data_type: str | None = None
    #: The type that it had; None where the column is new.
    before: str | None = None
    #: The column whose values it holds where they are of another type; None for a column of its own.
    variant_of: str | None = None

    @property
    def added(self) -> bool:
        """Whether it is new, and nothing that was there before has another meaning now."""
        return self.before is None and self.variant_of is None


@dataclass(frozen=True, kw_only=True)
class SchemaChange:
    """What has become of one table."""

    table: str
    columns: tuple[ColumnChange, ...] = ()
    new_table: bool = False
    #: The table is gone.
    removed: bool = False
    #: The resource that feeds it, or the table that it is a part of; None where dlt does not know one.
    resource: str | None = None

    @property
    def only_adds(self) -> bool:
        """Whether all that was there is there as before."""
        return not self.removed and all(column.added for column in self.columns)


@dataclass(frozen=True, kw_only=True)
class SchemaVersion:
    """What a schema of dlt's held when a run had loaded with it, the user's tables and columns only."""

    name: str
    #: dlt's hash of the whole schema.
    version_hash: str
    #: Data types by column, by table; None where there are more columns than are kept.
    tables: Mapping[str, Mapping[str, str]] | None = None
    #: When that run ended; None until it is known.
    seen_at: datetime | None = None


def makes_again(before: SchemaVersion, told: Iterable[SchemaChange]) -> bool:
    """Return whether a run dropped tables and made them again, as a refresh does, which old versions of dlt hide.

    Args:
        before: The schema after the last run.
        told: What dlt says that this run has added.
    """
    return any(change.new_table and change.table in (before.tables or {}) for change in told)


def compare(before: SchemaVersion, after: SchemaVersion, told: Iterable[SchemaChange]) -> tuple[SchemaChange, ...]:
    """Return what was told, and what else has changed, by the names of the tables.

    dlt tells nothing of what is gone or has another type, and nothing of what is new where a load that failed had made
    it: the next run finds it there.

    Args:
        before: The schema after the last run.
        after: The schema after this run.
        told: What dlt says that this run has added.
    """
    changes = {change.table: change for change in told}
    if before.tables is None or after.tables is None or before.version_hash == after.version_hash:
        return tuple(told)
    for table in before.tables.keys() | after.tables.keys():
        change = changes.get(table, SchemaChange(table=table, new_table=table not in before.tables))
        known = {} if change.new_table else before.tables.get(table, {})
        found = _columns(known, after.tables.get(table, {}), {column.name for column in change.columns})
        if table not in after.tables:
            changes[table] = replace(change, removed=True)
        elif found:
            changes[table] = replace(change, columns=(*change.columns, *found))
    return tuple(changes[table] for table in sorted(changes))


def _columns(before: Mapping[str, str], after: Mapping[str, str], told: Container[str]) -> tuple[ColumnChange, ...]:
    return tuple(
        ColumnChange(name=name, data_type=after.get(name), before=before.get(name), variant_of=_variant_of(name, after))
        for name in (*before, *sorted(after.keys() - before.keys()))
        if name not in told and after.get(name) != before.get(name)
    )


def _variant_of(name: str, columns: Mapping[str, str]) -> str | None:
    """Return the column that a variant is named after: dlt names it like "price__v_text"."""
    column, _, data_type = name.rpartition("__v_")
    return column if column in columns and columns.get(name) == data_type else None
