"""What the runs of a pipeline have brought, one value a logical run: rows of each table, seconds of each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from tocsin.core.run import Origin, Outcome, Run, Stage
from tocsin.core.unusual import step_seconds

#: The newest points of a series that are kept: four months of days, five days of hours.
KEPT = 120
#: Runs that are looked at to see whether a table belongs to each run, and how many of them have to know it.
_LATEST, _LEAST, _SHARE = 10, 3, 0.9
#: Gaps that are known before a run can come out of turn.
_GAPS = 5


class Measure(StrEnum):
    """What the values of a series count."""

    #: Rows sent to a table, which is the item.
    ROWS = "rows"
    #: Wall time of a step, which is the item; of the whole run where the item is empty.
    SECONDS = "seconds"


class LeftOut(StrEnum):
    """Why nothing is learned from a point."""

    FIRST_LOAD = "first load"
    REFRESH = "full refresh"
    BACKFILL = "back-fill"
    #: It began long before the next run was due, so it found less than a run usually does.
    EXTRA = "extra run"
    #: An alert was about it. Somebody can accept it.
    UNUSUAL = "unusual"


class Point(NamedTuple):
    """One value. A tuple, because a thousand tables have a hundred thousand of them."""

    #: When the run began.
    at: datetime
    value: float
    #: Attempts of one logical run share this id, and are one point.
    logical_id: str
    left_out: LeftOut | None = None


#: What a series of a pipeline is found by: the measure, and the table or step.
Key: TypeAlias = tuple[Measure, str]


@dataclass(frozen=True, kw_only=True)
class Series:
    """The newest values of one measure of one table or step, oldest first."""

    pipeline: str
    environment: str
    measure: Measure
    item: str = ""
    points: tuple[Point, ...] = ()
    #: From when on the present level counts, where it was accepted or took three days; what was before shows no more
    #: than how much the values vary.
    level_since: datetime | None = None

    @property
    def key(self) -> Key:
        """What it is found by among those of its pipeline."""
        return self.measure, self.item

    def point(self, logical_id: str) -> Point | None:
        """Return the point of a logical run."""
        return next((point for point in reversed(self.points) if point.logical_id == logical_id), None)

    def before(self, point: Point) -> Series:
        """Return what was known before a point."""
        return replace(self, points=tuple(each for each in self.points if each.at < point.at))

    def add(self, point: Point) -> Series:
        """Return the series with a point in its place, instead of an earlier one of the same logical run."""
        others = [each for each in self.points if each.logical_id != point.logical_id]
        return replace(self, points=tuple(sorted([*others, point]))[-KEPT:])

    def leave_out(self, logical_id: str, why: LeftOut | None) -> Series:
        """Return the series with a reason not to learn from the point of a logical run; None to learn from it."""
        points = (each._replace(left_out=why) if each.logical_id == logical_id else each for each in self.points)
        return replace(self, points=tuple(points))

    def accept(self, since: datetime) -> Series:
        """Return the series with the level of `since` and later as the normal one: what was unusual is learned from."""
        points = (
            each._replace(left_out=None) if each.at >= since and each.left_out is LeftOut.UNUSUAL else each
            for each in self.points
        )
        return replace(self, points=tuple(points), level_since=since)


def observe(run: Run, known: Mapping[Key, Series]) -> Mapping[Key, Series]:
    """Return the series of a pipeline that a run which went well adds a point to, with that point.

    A table that this run does not name got nothing, if each run usually names it: dlt says nothing of a resource that
    yields nothing. A run that only extracts, or loads only what had been pending, tells nothing about tables.

    Args:
        run: The run, which has ended.
        known: The series of its pipeline so far.
    """
    whole = known.get((Measure.SECONDS, ""))
    extra = whole is not None and _is_extra(run, whole)
    changed = {}
    for key, value in _values(run, known):
        series = known.get(key) or Series(
            pipeline=run.pipeline, environment=run.environment, measure=key[0], item=key[1]
        )
        left_out = LeftOut.EXTRA if extra else _reason(run, key)
        changed[key] = series.add(
            Point(at=run.started_at, value=value, logical_id=run.logical_id or run.id, left_out=left_out)
        )
    return changed


def _values(run: Run, known: Mapping[Key, Series]) -> Iterator[tuple[Key, float]]:
    if run.outcome not in {Outcome.SUCCEEDED, Outcome.NO_DATA} or run.duration is None:
        return
    yield (Measure.SECONDS, ""), max(run.duration.total_seconds(), 0)
    if run.steps:
        for stage, seconds in step_seconds(run, run.started_at).items():
            yield (Measure.SECONDS, stage.value), max(seconds, 0)
    if run.stage.order < Stage.LOAD.order or not (run.tables or run.outcome is Outcome.NO_DATA):
        return
    tables = {load.table: load.rows for load in run.tables if not load.table.startswith("_dlt")}
    absent = (key for key in known if key[0] is Measure.ROWS and key[1] not in tables)
    usual = [key[1] for key in absent if _is_in_each_run(known[key], known.get((Measure.SECONDS, "")), run)]
    for table, rows in (*tables.items(), *((table, 0) for table in usual)):
        yield (Measure.ROWS, table), rows


def _is_in_each_run(table: Series, whole: Series | None, run: Run) -> bool:
    """Return whether the runs since the first one with a table name it, nearly all of them."""
    if whole is None or not table.points:
        return False
    named = {point.logical_id for point in table.points}
    since = table.points[0].at
    runs = [each.logical_id for each in whole.points if since <= each.at < run.started_at][-_LATEST:]
    return len(runs) >= _LEAST and sum(each in named for each in runs) >= _SHARE * len(runs)


def _reason(run: Run, key: Key) -> LeftOut | None:
    """Return why this run shows nothing of what is usual."""
    if run.first_run or (
        key[0] is Measure.ROWS and any(change.new_table and change.table == key[1] for change in run.schema_changes)
    ):
        return LeftOut.FIRST_LOAD
    if run.refreshed:
        return LeftOut.REFRESH
    return LeftOut.BACKFILL if run.origin is Origin.BACKFILL else None


def _is_extra(run: Run, whole: Series) -> bool:
    """Return whether a run began before half of the usual time since the one before had passed.

    Usual are the short gaps: of a pipeline that runs at six and at nine, both runs are.
    """
    logical_id = run.logical_id or run.id
    begun = [each.at for each in whole.points if each.logical_id != logical_id and each.at < run.started_at]
    gaps = sorted(later - earlier for earlier, later in pairwise(begun))
    if len(gaps) < _GAPS:
        return False
    short: timedelta = gaps[len(gaps) // 5]
    return run.started_at - begun[-1] < short / 2
