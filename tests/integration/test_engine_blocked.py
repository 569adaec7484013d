"""Packages that block new data, and loads that come twice, through the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk import Desk
from made import good_run, run
from stores import NewStore
from tocsin.core.run import TableLoad


@pytest.fixture
def desk(tmp_path: Path, new_store: NewStore) -> Desk:
    """Give an engine with one channel."""
    return Desk(tmp_path, new_store(), "ops")


def test_a_poison_package_is_told_with_how_long_it_blocks(desk: Desk) -> None:
    """The alert of a failure that repeats says which package is in the way, and what to type."""
    for number in range(1, 6):
        desk.report(run(f"r{number}", ended=60.0 * number, pending_packages=("17.5",)))
    blocked = str(desk.messages("ops")[-1])
    assert "load package 17.5 is pending since 23 Nov 2026 13:00:00 UTC, and 5 runs have not got past it" in blocked
    assert "dlt pipeline orders abort-packages" in blocked


def test_a_load_that_came_twice_is_told_once(desk: Desk) -> None:
    """Two schedulers that load the same is a message; a load of something else ends it without one."""
    rows = (50_000, 64_000, 41_000, 57_000, 80_000, 66_000, 49_000, 62_000, 75_000, 52_318, 52_318, 60_000)
    runs = [
        good_run(f"run{number:04}", ended=1440.0 * number, tables=(TableLoad(table="orders", rows=count),))
        for number, count in enumerate(rows)
    ]
    desk.report(*runs[:-1])
    told = [title for title in desk.heard("ops") if "once more" in title]
    assert told == ["orders: 52,318 rows look like those of run run0009 once more"]
    desk.report(runs[-1])
    assert [title for title in desk.heard("ops") if "orders" in title and "rows" in title] == told
    assert desk.open_or_last().resolution == "a later run brought other rows"
