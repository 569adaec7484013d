"""Many rows in one statement, for PostgreSQL.

psycopg sends each row of an `executemany` as a statement of its own, which is planned, executed and answered by itself:
fifty rows take longer than all else that a tick does. Here they travel as one JSON text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Table, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSON, Insert, insert

_ROWS = "rows"


@cache
def insert_rows(table: Table, names: tuple[str, ...]) -> Insert:
    """Return the INSERT of as many rows as `rows` holds, in their order, with these columns."""
    of_the_table: ColumnElement[Any] = literal_column(f"NULL::{table.name}")
    rows = func.json_populate_recordset(of_the_table, bindparam(_ROWS, type_=JSON)).table_valued(*names)
    return insert(table).from_select(list(names), select(*(rows.c[name] for name in names)), include_defaults=False)


def as_json(table: Table, rows: Sequence[Mapping[str, Any]], dialect: Dialect) -> dict[str, list[dict[str, Any]]]:
    """Return rows as they travel: each value as the database keeps it."""
    kept = _kept(table, tuple(rows[0]), dialect)
    return {_ROWS: [{name: keep(row[name]) for name, keep in kept} for row in rows]}


@cache
def _kept(table: Table, names: tuple[str, ...], dialect: Dialect) -> list[tuple[str, Callable[[Any], Any]]]:
    processors = ((name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names)
    return [(name, processor or _as_it_is) for name, processor in processors]


def _as_it_is(value: object) -> object:
    return value
