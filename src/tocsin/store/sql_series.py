"""What runs have brought, in SQL: one row a series, its points as columns of numbers and texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select

from tocsin.core.series import KEPT, Key, LeftOut, Measure, Point, Series
from tocsin.errors import StoreError
from tocsin.store.sql_rows import Rows
from tocsin.store.tables import series as table

_OF_PIPELINE = select(table.c.data).where(
    table.c.pipeline == bindparam("pipeline"), table.c.environment == bindparam("environment")
)
_JSON = json.JSONEncoder(separators=(",", ":"))
_LEFT_OUT: Mapping[str | None, LeftOut | None] = {None: None, **{str(why): why for why in LeftOut}}


class AllSeries(Rows):
    """The part of a transaction that is about what runs have brought."""

    def series(self, pipeline: str, environment: str) -> Mapping[Key, Series]:
        """Return the series of a pipeline, by measure and item; served by the primary key."""
        rows = self._connection.scalars(_OF_PIPELINE, {"pipeline": pipeline, "environment": environment})
        found = [_load(text, pipeline, environment) for text in rows]
        return {one.key: one for one in found}

    def save_series(self, series: Sequence[Series]) -> None:
        """Insert or replace series."""
        if series:
            self._replace(
                table,
                [
                    {
                        "pipeline": one.pipeline,
                        "environment": one.environment,
                        "measure": one.measure,
                        "item": one.item,
                        "data": dump_series(one),
                    }
                    for one in series
                ],
            )


def dump_series(one: Series) -> str:
    """Return a series as text. Its points go past the codec, which would take most of the time of a large pipeline."""
    points = one.points
    return _JSON.encode(
        {
            "measure": one.measure,
            "item": one.item,
            "at": [point.at.timestamp() for point in points],
            "value": [point.value for point in points],
            "logical_id": [point.logical_id for point in points],
            "left_out": [point.left_out for point in points],
            "level_since": one.level_since.timestamp() if one.level_since is not None else None,
        }
    )


def _load(text: str, pipeline: str, environment: str) -> Series:
    try:
        data: Mapping[str, Any] = json.loads(text)
        since = data["level_since"]
        left_out = [_LEFT_OUT[why] for why in data["left_out"]]
        return Series(
            pipeline=pipeline,
            environment=environment,
            measure=Measure(data["measure"]),
            item=data["item"],
            points=tuple(map(Point, map(_moment, data["at"]), data["value"], data["logical_id"], left_out)),
            level_since=_moment(since) if since is not None else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"the store holds a Series that this version of Tocsin cannot read: {error}; "
            "it was written by a newer version. Type: pip install --upgrade dlt-tocsin"
        ) from error


@lru_cache(maxsize=10 * KEPT)
def _moment(seconds: float) -> datetime:
    """Return a moment. The tables of a pipeline have the same ones."""
    return datetime.fromtimestamp(seconds, UTC)
