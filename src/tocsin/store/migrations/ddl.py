"""The words in which versions of the tables are written.

A version says for ever what it said, so none of these ever changes, and none comes from the tables of today. What
needs another meaning gets another name.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, Text, column

#: A text that rows are found by, sorted by code point.
KEY = Text().with_variant(Text(collation="C"), "postgresql")
#: Microseconds since 1970 in UTC.
MOMENT = BigInteger()
#: Given by the database to each new row.
NUMBER = BigInteger().with_variant(Integer, "sqlite")

#: Bytes of a key, and those of its hash.
_LONGEST_KEY, _HASH = 600, 64


def falling(name: str) -> ColumnElement[Any]:
    """Return a column of an index whose highest values come first."""
    return column(name).desc()


def only(condition: ColumnElement[bool]) -> dict[str, Any]:
    """Return the options of an index that holds only the rows for which `condition` is true."""
    return {"sqlite_where": condition, "postgresql_where": condition}


def as_key(value: str | None) -> str | None:
    """Return a text as a `KEY` holds it: without what databases refuse, and what is too long ends in its hash."""
    if value is None:
        return None
    key = value.encode(errors="backslashreplace").replace(b"\0", b"\\x00")
    if len(key) > _LONGEST_KEY:
        key = key[: _LONGEST_KEY - _HASH] + hashlib.sha256(key).hexdigest().encode()
    return key.decode(errors="ignore")
