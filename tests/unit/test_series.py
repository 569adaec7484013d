"""What becomes a point of a series, and what is left out of what is learned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from made import NOON, good_run
from tocsin.core.run import Context, Outcome, Run, Stage, Step, TableLoad
from tocsin.core.schema import ColumnChange, SchemaChange
from tocsin.core.series import KEPT, Key, LeftOut, Measure, Series, observe

_DAY = timedelta(days=1)


def _loads(day: float, /, *, run_id: str = "", rows: Mapping[str, int] | None = None, **changes: Any) -> Run:
    begun = NOON + day * _DAY
    tables = tuple(TableLoad(table=table, rows=count) for table, count in (rows or {}).items())
    run_id = run_id or f"day {day}"
    facts: dict[str, Any] = {
        "logical_id": run_id,
        "started_at": begun,
        "ended_at": begun + timedelta(minutes=1),
        "tables": tables,
    }
    return good_run(run_id, **(facts | changes))


def _observed(*runs: Run) -> dict[Key, Series]:
    known: dict[Key, Series] = {}
    for run in runs:
        known |= observe(run, known)
    return known


def _rows(known: Mapping[Key, Series], table: str = "items") -> list[float]:
    return [point.value for point in known[Measure.ROWS, table].points]


def test_a_run_adds_a_point_for_each_table_each_step_and_the_whole() -> None:
    """Dlt's own tables are left out."""
    steps = (
        Step(stage=Stage.EXTRACT, started_at=NOON, ended_at=NOON + timedelta(seconds=20)),
        Step(stage=Stage.LOAD, started_at=NOON + timedelta(seconds=20), ended_at=NOON + timedelta(seconds=50)),
    )

    known = _observed(_loads(0, rows={"items": 5, "_dlt_version": 1}, steps=steps))

    assert {key: [point.value for point in series.points] for key, series in known.items()} == {
        (Measure.SECONDS, ""): [60],
        (Measure.SECONDS, "extract"): [20],
        (Measure.SECONDS, "load"): [30],
        (Measure.ROWS, "items"): [5],
    }


def test_attempts_of_one_logical_run_are_one_point() -> None:
    """The last one that reported counts, and a report that comes late finds its place in time."""
    known = _observed(
        _loads(0, rows={"items": 1}),
        _loads(2, rows={"items": 3}),
        _loads(1, rows={"items": 2}),
        _loads(2.01, run_id="again", logical_id="day 2", rows={"items": 4}),
    )

    assert _rows(known) == [1, 2, 4]


def test_a_table_that_each_run_names_and_one_does_not_got_nothing() -> None:
    """Dlt does not name a table whose resource has yielded nothing, and the run may have no data at all."""
    daily = [_loads(day, rows={"items": 5, "events": 7}) for day in range(4)]

    known = _observed(*daily, _loads(4, rows={"items": 5}), _loads(5, outcome=Outcome.NO_DATA))

    assert _rows(known, "items") == [5, 5, 5, 5, 5, 0]
    assert _rows(known, "events") == [7, 7, 7, 7, 0, 0]


def test_a_table_that_only_some_runs_name_is_not_missed() -> None:
    """A script that loads one table after the other with a run each says nothing about the others."""
    turns = [_loads(day, rows={("items", "events")[day % 2]: 5}) for day in range(8)]

    assert _rows(_observed(*turns)) == [5, 5, 5, 5]


@pytest.mark.parametrize(
    "changes",
    [
        # It only extracted.
        {"stage": Stage.EXTRACT},
        # It loaded what another process had normalized: how many rows is not known.
        {"stage": Stage.LOAD},
        # It loaded what had been pending.
        {"outcome": Outcome.PENDING_ONLY},
        # It did not go well.
        {"outcome": Outcome.PARTIAL},
        {"outcome": Outcome.FAILED},
    ],
)
def test_a_run_that_tells_nothing_about_tables_is_no_point_of_theirs(changes: dict[str, Any]) -> None:
    """What is not known is not taken for nothing."""
    daily = [_loads(day, rows={"items": 5}) for day in range(4)]

    assert _rows(_observed(*daily, _loads(4, **changes))) == [5, 5, 5, 5]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"first_run": True}, LeftOut.FIRST_LOAD),
        (
            {"schema_changes": (SchemaChange(table="items", columns=(ColumnChange(name="id"),), new_table=True),)},
            LeftOut.FIRST_LOAD,
        ),
        # More columns are no new table.
        ({"schema_changes": (SchemaChange(table="items", columns=(ColumnChange(name="id"),)),)}, None),
        ({"refreshed": True}, LeftOut.REFRESH),
        ({"context": Context(names={"run_type": "backfill"})}, LeftOut.BACKFILL),
    ],
)
def test_what_shows_nothing_of_what_is_usual_is_left_out(changes: dict[str, Any], why: LeftOut | None) -> None:
    """First loads, full refreshes and back-fills are kept as points with the reason."""
    known = _observed(_loads(0, rows={"items": 5}, **changes))

    assert [point.left_out for point in known[Measure.ROWS, "items"].points] == [why]


def test_a_run_between_two_usual_ones_is_an_extra_run() -> None:
    """It finds what has come since the last one, which may be nothing."""
    known = _observed(
        *(_loads(day, rows={"items": 5}) for day in range(7)),
        _loads(6.2, rows={"items": 1}),
        _loads(7, rows={"items": 4}),
    )

    left_out = [(point.value, point.left_out) for point in known[Measure.ROWS, "items"].points[-3:]]
    assert left_out == [(5, None), (1, LeftOut.EXTRA), (4, None)]


def test_two_runs_a_day_at_uneven_times_are_both_usual() -> None:
    """A pipeline that runs at noon and at three has no extra runs."""
    known = _observed(*(_loads(day + part, rows={"items": 5}) for day in range(8) for part in (0, 0.125)))

    assert {point.left_out for point in known[Measure.ROWS, "items"].points} == {None}


def test_only_the_newest_points_are_kept() -> None:
    """A series stays small however long a pipeline runs."""
    known = _observed(*(_loads(day, rows={"items": day}) for day in range(KEPT + 5)))

    assert _rows(known) == [*range(5, KEPT + 5)]


def test_what_was_unusual_is_learned_from_once_it_is_accepted() -> None:
    """From that time on; what was left out for another reason stays so."""
    series = _observed(*(_loads(day, rows={"items": 5}) for day in range(4)))[Measure.ROWS, "items"]
    for day, why in enumerate((LeftOut.UNUSUAL, None, LeftOut.UNUSUAL, LeftOut.BACKFILL)):
        series = series.leave_out(f"day {day}", why)

    accepted = series.accept(NOON + 2 * _DAY)

    assert [point.left_out for point in accepted.points] == [LeftOut.UNUSUAL, None, None, LeftOut.BACKFILL]
    assert accepted.level_since == NOON + 2 * _DAY
