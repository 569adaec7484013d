"""What all queries share: the connection, facts as JSON text, and rows that are inserted or replaced."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Executable, Table, bindparam, func, select, tuple_

from tocsin.core.codec import decode, encode
from tocsin.core.position import Position
from tocsin.errors import StoreError
from tocsin.store.refusal import read_only
from tocsin.store.tables import BEGINNING

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

    _Insert: TypeAlias = postgresql.Insert | sqlite.Insert

T = TypeVar("T")
_Values: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]
#: Made once: `json.dumps` makes one for each call that asks for other separators.
_JSON = json.JSONEncoder(separators=(",", ":"))


class Rows:
    """One open transaction on a SQLAlchemy connection."""

    def __init__(self, connection: Connection, *, writable: bool) -> None:
        """Work on `connection`, whose transaction somebody else begins and ends."""
        self._connection = connection
        self._writable = writable

    def _write(self, statement: Executable, rows: _Values) -> int:
        """Execute a change and return how many rows it touched."""
        if not self._writable:
            raise read_only()
        return self._connection.execute(statement, rows).rowcount

    def _replace(self, table: Table, rows: _Values, *, keep: tuple[str, ...] = ()) -> None:
        """Insert rows; where the primary key exists, replace the row but for the columns to keep."""
        insert, values = self._insert(table, _last_of_each(table, rows))
        self._write(_replacing(insert, table, keep), values)

    def _add(self, table: Table, rows: _Values, *, unique: Column[Any] | None = None) -> int:
        """Insert rows and return how many; those whose primary key, or other unique column, exists are left out."""
        insert, values = self._insert(table, rows)
        return self._write(_leaving_out(insert, table, unique), values)

    def _insert(self, table: Table, rows: _Values) -> tuple[_Insert, _Values]:
        """Return the INSERT for rows, and the values for it."""
        dialect = self._connection.dialect
        if dialect.name != "postgresql" or isinstance(rows, Mapping) or len(rows) == 1:
            return insert_into(dialect.name, table), rows
        from tocsin.store.postgres_rows import as_json, insert_rows

        return insert_rows(table, tuple(rows[0])), as_json(table, rows, dialect)


def dump(fact: object) -> str:
    """Return a fact as the text of its `data` column."""
    return _JSON.encode(encode(fact))


def load(kind: type[T], text: str, *, part: str | None = None) -> T:
    """Return the fact that `dump` made `text` of.

    Args:
        kind: The type of the fact, or of the part.
        text: What `dump` returned.
        part: Only what this field of the fact holds, which is of a kind that needs no value.

    Raises:
        StoreError: This version does not understand the text.
    """
    try:
        data = json.loads(text)
        return decode(kind, data if part is None else data.get(part, {}))
    except ValueError as error:
        raise StoreError(
            f"the store holds a {kind.__name__} that this version of Tocsin cannot read: {error}; "
            "it was written by a newer version. Type: pip install --upgrade dlt-tocsin"
        ) from error


def begins_with(prefix: str) -> dict[str, str]:
    """Return the bounds `low` and `high` between which all texts with this prefix sort."""
    return {"low": prefix, "high": prefix + "\U0010ffff"}


def containing(search: str) -> str:
    """Return the pattern of LIKE, with a backslash to escape by, for texts in which this one occurs."""
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped.encode(errors='backslashreplace').decode().replace(chr(0), '')}%"


def apart(pairs: Collection[tuple[str, str]]) -> dict[str, Sequence[str]]:
    """Return the `pipelines` and `environments` of such pairs, so that more may be found than was asked for.

    For pairs of both SQLite would read everything.
    """
    return {"pipelines": sorted({one[0] for one in pairs}), "environments": sorted({one[1] for one in pairs})}


def first_of_newest(
    moment: ColumnElement[datetime], *same: ColumnElement[bool], number: str, seen_from: Table
) -> ColumnElement[datetime]:
    """Return when the earliest of the newest rows was, or the beginning of time where there are fewer.

    A window function would read all rows, and not only the newest.

    Args:
        moment: The column, of an alias of its table.
        same: Which rows count.
        number: The name of the parameter that says how many.
        seen_from: The table of which each row has such rows.
    """
    nth = select(moment).where(*same).order_by(moment.desc()).limit(1).offset(bindparam(number) - 1)
    return func.coalesce(nth.correlate(seen_from).scalar_subquery(), BEGINNING)


def after_position(moment: Column[datetime], key: Column[str]) -> ColumnElement[bool]:
    """Return the condition, for lists that begin with the newest, that a row stands after `left_at` and `left_id`."""
    left = (bindparam("left_at", type_=moment.type), bindparam("left_id", type_=key.type))
    return tuple_(moment, key) < tuple_(*left)


def left_at(position: Position | None) -> dict[str, object]:
    """Return the values for `after_position`; none without a position."""
    return {} if position is None else {"left_at": position.at, "left_id": position.id}


def in_bounds(key: Column[str]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions for which `begins_with` gives the values.

    It is no BETWEEN, because PostgreSQL takes no values in it whose collation is named.
    """
    return key >= bindparam("low"), key <= bindparam("high")


def _last_of_each(table: Table, rows: _Values) -> _Values:
    """Return rows of which no two have one primary key: PostgreSQL does not replace a row twice in one statement."""
    if isinstance(rows, Mapping) or len(rows) == 1:
        return rows
    names = table.primary_key.columns.keys()
    return [*{tuple(row[name] for name in names): row for row in rows}.values()]


@cache
def _replacing(insert: _Insert, table: Table, keep: tuple[str, ...]) -> _Insert:
    names = [column.name for column in table.columns if not column.primary_key and column.name not in keep]
    replaced = {name: insert.excluded[name] for name in names}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=replaced)


@cache
def _leaving_out(insert: _Insert, table: Table, unique: Column[Any] | None) -> _Insert:
    statement = insert.on_conflict_do_nothing(index_elements=list(table.primary_key) if unique is None else [unique])
    # Otherwise SQLAlchemy does not ask psycopg how many rows an INSERT has touched.
    return statement.execution_options(preserve_rowcount=True)


@cache
def insert_into(dialect: str, table: Table) -> _Insert:
    """Return the INSERT of the dialect. Both spell ON CONFLICT alike; SQLAlchemy keeps it in the dialects."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
