"""The words in which versions of the tables are written.

A version says for ever what it said, so none of these ever changes, and none comes from the tables of today. What
needs another meaning gets another name.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, Text, column

#: A text that rows are found by, sorted by code point.
KEY = Text().with_variant(Text(collation="C"), "postgresql")
#: Microseconds since 1970 in UTC.
MOMENT = BigInteger()
#: Given by the database to each new row.
NUMBER = BigInteger().with_variant(Integer, "sqlite")


def falling(name: str) -> ColumnElement[Any]:
    """Return a column of an index whose highest values come first."""
    return column(name).desc()


def only(condition: ColumnElement[bool]) -> dict[str, Any]:
    """Return the options of an index that holds only the rows for which `condition` is true."""
    return {"sqlite_where": condition, "postgresql_where": condition}


def as_key(value: str | None) -> str | None:
    """Return a text as a `KEY` holds it: what databases refuse is written as backslash escapes."""
    return None if value is None else value.encode(errors="backslashreplace").decode().replace("\0", "\\x00")
