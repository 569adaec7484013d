"""The same load twice: told only where chance cannot explain it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from made import NOON, alert, at, good_run
from tocsin.core.alert import Alert, advance
from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.rules.data import Facts
from tocsin.core.rules.duplicate import judge_duplicate
from tocsin.core.run import Context, Run, TableLoad
from tocsin.core.series import Measure, Point, Series

#: Numbers of earlier runs, which differ by ten thousand and more.
WILD = (50_000, 64_000, 41_000, 57_000, 80_000, 66_000, 49_000, 62_000, 75_000, 52_318)
CALM = (50_000, 50_010, 50_000, 50_000, 50_005, 50_000, 50_000, 50_020, 50_000, 52_318)


def loaded(name: str, *, ended: float, **more: Any) -> Run:
    """Return a run that brought rows for two tables."""
    tables = (TableLoad(table="orders", rows=52_318), TableLoad(table="_dlt_pipeline_state", rows=1))
    return replace(good_run(name, ended=ended, tables=tables, load_ids=(f"{name}.1",)), **more)


BEFORE = loaded("earlier-run", ended=10)
AGAIN = loaded("this-run", ended=20)


def judged(run: Run, before: Run | None, values: tuple[float, ...] = WILD, *open_alerts: Alert) -> list[Finding]:
    """Return what the rule says of a run after these numbers of rows."""
    points = tuple(Point(at(-60 * number), value, f"r{number}") for number, value in enumerate(reversed(values)))
    series = Series(
        pipeline="orders", environment="default", measure=Measure.ROWS, item="orders", points=tuple(reversed(points))
    )
    known = {alert.fingerprint: alert for alert in open_alerts}
    return list(
        judge_duplicate(Facts(run=run, now=NOON, open_alerts=known, before=before, series={series.key: series}))
    )


def test_equal_numbers_that_usually_differ() -> None:
    """Both runs are named, and the query that compares them is at hand."""
    [found] = judged(AGAIN, BEFORE)
    assert (found.kind, found.topic, found.item) == (Kind.DUPLICATE, Topic.DUPLICATE, "")
    assert found.summary == "52,318 rows look like those of run earlier- once more"
    assert found.evidence["Why"] == "each table got exactly as many rows, 52,318 in all, in numbers that usually differ"
    assert found.evidence["Earlier run"] == "earlier-, 23 Nov 2026 12:09:00 UTC"
    assert "tocsin show earlier-" in found.hint
    assert found.code["Query"] == (
        "SELECT _dlt_load_id, COUNT(*) FROM shop.orders\n"
        "WHERE _dlt_load_id IN ('earlier-run.1', 'this-run.1')\nGROUP BY _dlt_load_id"
    )


@pytest.mark.parametrize(
    ("run", "before", "values"),
    [
        (AGAIN, None, WILD),
        # They differ little, so they are often equal.
        (AGAIN, BEFORE, CALM),
        # Too little is known.
        (AGAIN, BEFORE, WILD[-5:]),
        (AGAIN, replace(BEFORE, tables=(TableLoad(table="orders", rows=52_317),)), WILD),
        # A table more.
        (AGAIN, replace(BEFORE, tables=(*BEFORE.tables, TableLoad(table="items", rows=1))), WILD),
        # Attempts of one run.
        (replace(AGAIN, logical_id="x"), replace(BEFORE, logical_id="x"), WILD),
        # On purpose.
        (replace(AGAIN, refreshed=True), BEFORE, WILD),
        (replace(AGAIN, first_run=True), BEFORE, WILD),
        (replace(AGAIN, context=Context(names={"run_type": "backfill"})), BEFORE, WILD),
        # A few hundred rows.
        (
            replace(AGAIN, tables=(TableLoad(table="orders", rows=999),)),
            replace(BEFORE, tables=(TableLoad(table="orders", rows=999),)),
            WILD,
        ),
        # Nothing twice is nothing.
        (replace(AGAIN, tables=()), replace(BEFORE, tables=()), WILD),
        # What was pending after one run is loaded by the next.
        (replace(AGAIN, load_ids=("a",)), replace(BEFORE, load_ids=("a",), pending_packages=("a",), tables=()), WILD),
    ],
)
def test_what_chance_or_purpose_explains(run: Run, before: Run | None, values: tuple[float, ...]) -> None:
    """Nobody is told of numbers that are equal by chance, or of what was meant to come again."""
    assert judged(run, before, values) == []


def test_a_package_that_was_loaded_twice() -> None:
    """The same load id in two runs that went well needs no history."""
    [found] = judged(replace(AGAIN, load_ids=("earlier-run.1",)), BEFORE, ())
    assert found.evidence["Why"] == "both runs loaded package earlier-run.1"


def test_another_load_ends_it() -> None:
    """A run that brings nothing says nothing; one that brings other rows does, and only about its own alert."""
    [found] = judged(AGAIN, BEFORE)
    opened, _ = advance(None, found, new_id="a1")
    assert opened is not None
    other = replace(
        AGAIN, id="next", logical_id="next", load_ids=("next.1",), tables=(TableLoad(table="orders", rows=10),)
    )
    assert judged(replace(other, tables=()), AGAIN, WILD, opened) == []
    [over] = judged(other, AGAIN, WILD, opened, alert())
    assert (over.kind, over.topic, over.summary) == (Kind.RECOVERED, Topic.DUPLICATE, "a later run brought other rows")
