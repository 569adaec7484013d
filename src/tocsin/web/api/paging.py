"""Long lists in pages. Where a page ends is said by a cursor, which only the server reads."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

from fastapi import Query

from tocsin.core.position import Position
from tocsin.web.problem import Problem

T = TypeVar("T")
#: The most that one page holds.
MOST = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Limit = Annotated[int, Query(ge=1, le=MOST, description="The most to return.")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=1000,
        pattern="^[A-Za-z0-9_-]+$",
        description="`next` of the page before. Leave it out for the first page.",
        examples=["WzE3OTU0Mzg4MDAwMDAwMDAsIjRmMmEiXQ"],
    ),
]


def page_of(
    found: Sequence[T],
    limit: int,
    position: Callable[[T], Position],
    document: Callable[[T], object],
    *,
    sees: Callable[[T], bool] = lambda _: True,
) -> dict[str, object]:
    """Return a page as a document.

    Args:
        found: What the store returned, asked for one more than the page holds.
        limit: How many the page holds.
        position: Where the list is left after one.
        document: One as a document.
        sees: Which may be shown; the others are left out, and the page is shorter.
    """
    shown = found[:limit]
    more = write_cursor(position(shown[-1])) if len(found) > limit else None
    return {"items": [document(one) for one in shown if sees(one)], "next": more}


def write_cursor(left: Position) -> str:
    """Return the cursor for a position."""
    return pack([(left.at - _EPOCH) // _MICROSECOND, left.id, *([1] if left.open else [])])


def read_cursor(cursor: str | None) -> Position | None:
    """Return the position that a cursor was made of.

    Raises:
        Problem: 422, it was not made here.
    """
    match unpack(cursor):
        case None:
            return None
        case [int(at), str(name), *rest] if rest in ([], [1]):
            try:
                return Position(at=_EPOCH + at * _MICROSECOND, id=name, open=bool(rest))
            except OverflowError:
                pass
    raise no_cursor()


def pack(values: Sequence[object]) -> str:
    """Return values as a text that goes into an address as it is."""
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def unpack(cursor: str | None) -> object:
    """Return what `pack` was given; None for no cursor.

    Raises:
        Problem: 422, it was not made here.
    """
    if cursor is None:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))) or ()
    except (ValueError, binascii.Error, RecursionError) as error:
        raise no_cursor() from error


def no_cursor() -> Problem:
    """Return the answer to a cursor that was not made here."""
    return Problem(422, "The cursor is not one of this list. Send `next` of the page before, or none for the first.")
