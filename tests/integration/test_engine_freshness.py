"""Tables that get no rows, through the engine: found when time makes them stale, and over when rows come."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from desk import Desk
from made import good_run, run
from stores import NewStore
from tocsin.config.model import PipelineConfig
from tocsin.core.limits import FreshLimit, Limits
from tocsin.core.run import Outcome, Run, TableLoad
from tocsin.core.severity import Severity

DAY = 24 * 60


def asking(hours: float) -> dict[str, PipelineConfig]:
    """Return the configuration of a table that has to get rows within so many hours."""
    limits = Limits(volume=False, fresh={"events": FreshLimit(within=timedelta(hours=hours))})
    return {"orders": PipelineConfig(limits=limits)}


def filled(name: str, *, at: float, rows: int = 10) -> Run:
    """Return a run that went well and brought rows for the table."""
    return good_run(name, ended=at, tables=(TableLoad(table="events", rows=rows), TableLoad(table="items", rows=1)))


def empty(name: str, *, at: float) -> Run:
    """Return a run that went well and brought nothing."""
    return good_run(name, ended=at, outcome=Outcome.NO_DATA)


class Watched(Desk):
    """A desk whose engine looks at what time makes due."""

    def configure(self, pipelines: dict[str, PipelineConfig]) -> None:
        """Open the engine with these pipelines."""
        self.open("ops", pipelines=pipelines)
        object.__setattr__(self.engine, "watching", True)


@pytest.fixture
def desk(tmp_path: Path, new_store: NewStore) -> Watched:
    """Give an engine that asks for rows every 26 hours."""
    made = Watched(tmp_path, new_store())
    made.configure(asking(26))
    return made


def test_a_table_is_stale_when_its_time_has_passed_and_fresh_when_rows_come(desk: Watched) -> None:
    """Runs that bring rows move the time; too long without is one message, and rows end it."""
    desk.report(filled("r1", at=0), filled("r2", at=DAY))
    assert desk.tick(minutes=25 * 60).stale == 0
    assert desk.tick(minutes=61).stale == 1
    assert desk.heard("ops") == ["orders.events: no new rows for 1 d 2 h, 1 d 2 h are allowed"]
    assert desk.tick(minutes=60).stale == 0
    desk.report(filled("r3", at=4 * DAY, rows=7))
    assert desk.heard("ops")[1:] == ["orders.events is fresh again after 1 d 21 h"]
    assert desk.open_or_last().resolution == "a run brought 7 rows"


def test_runs_without_data_are_told_apart_from_no_runs(desk: Watched) -> None:
    """The message says that the pipeline works and its source sends nothing, and goes on to count."""
    desk.report(filled("r1", at=0), empty("r2", at=600), filled("none", at=1200, rows=0))
    desk.tick(minutes=DAY)
    alert = desk.open_or_last()
    assert alert.evidence is not None
    assert alert.evidence["Since then"] == "2 runs went well and brought nothing for this table"
    assert "its source sends nothing" in alert.hint
    desk.report(empty("r4", at=1200 + DAY + 30))
    alert = desk.open_or_last()
    assert alert.evidence is not None
    assert alert.evidence["Since then"].startswith("3 runs went well")
    assert len(desk.heard("ops")) == 1


def test_a_table_that_never_got_rows_is_asked_since_it_was_configured(desk: Watched) -> None:
    """Nothing has to be known of a pipeline for the time to begin."""
    desk.tick()
    assert desk.tick(minutes=25 * 60).stale == 0
    assert desk.tick(minutes=2 * 60).stale == 1
    alert = desk.open_or_last()
    assert alert.evidence is not None
    assert alert.evidence["Since then"] == "no run went well"
    assert alert.evidence["Last rows"].startswith("none since 23 Nov 2026")


def test_rows_that_came_before_anybody_asked_count(tmp_path: Path, new_store: NewStore) -> None:
    """The history of the pipeline says when the table got rows last."""
    desk = Watched(tmp_path, new_store(), "ops")
    desk.report(filled("r1", at=0), empty("r2", at=20 * 60))
    desk.configure(asking(26))
    assert desk.tick(minutes=5 * 60).stale == 0
    assert desk.tick(minutes=70).stale == 1


def test_a_stale_table_of_a_pipeline_in_trouble_is_a_consequence(desk: Watched) -> None:
    """While the failure is open it is told alone; a table that is stale after its end is told too."""
    desk.report(filled("r1", at=0), run("r2", ended=600))
    desk.tick(minutes=2 * DAY)
    assert [title for title in desk.heard("ops") if "events" in title] == []
    stale = desk.open_or_last()
    assert stale.severity is Severity.INFO
    assert stale.evidence is not None
    assert stale.evidence["Because"].startswith("orders: extract of orders failed")
    desk.report(empty("r3", at=3 * DAY))
    assert "orders.events: no new rows for 3 d, 1 d 2 h are allowed" in desk.heard("ops")


def test_a_report_that_comes_late_makes_nothing_older(desk: Watched) -> None:
    """Rows of an older run do not move the time back, and an older empty run is not counted."""
    desk.report(filled("newer", at=DAY))
    desk.report(filled("older", at=60), empty("empty", at=120))
    assert desk.tick(minutes=25 * 60).stale == 0
    desk.tick(minutes=120)
    alert = desk.open_or_last()
    assert alert.evidence is not None
    assert alert.evidence["Since then"] == "no run went well"


def test_a_limit_that_is_changed_or_taken_away_ends_its_alert(desk: Watched) -> None:
    """Nobody has to clean up after a change of the configuration."""
    desk.report(filled("r1", at=0))
    desk.tick(minutes=27 * 60)
    desk.configure(asking(48))
    assert desk.tick().stale == 0
    assert desk.open_or_last().resolution == "2 d without rows are allowed now"
    desk.tick(minutes=22 * 60)
    assert desk.open_or_last().open
    desk.configure({})
    desk.tick()
    assert desk.open_or_last().resolution == "nobody asks for its age any more"
    with desk.store.reading() as tx:
        assert tx.freshness("default") == []
