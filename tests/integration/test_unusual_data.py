"""Tables that get unusually many or few rows, and runs that take unusually long, over simulated weeks."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from desk import Desk
from made import NOON, good_run
from made_series import DAY, weekly
from tocsin.config.model import PipelineConfig
from tocsin.core.alert import Alert
from tocsin.core.finding import Topic
from tocsin.core.limits import Limits, RowLimits
from tocsin.core.run import Outcome, Run, Stage, Step, TableLoad
from tocsin.core.series import LeftOut, Measure
from tocsin.engine.accept import accept_level
from tocsin.errors import NotFound
from tocsin.store.memory import MemoryStore

_WEEKS = weekly(28)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return an engine that knows four weeks of a pipeline with a weekly pattern."""
    made = Desk(tmp_path, MemoryStore(), "ops")
    for day, rows in enumerate(_WEEKS):
        made.report(_run(day - len(_WEEKS), rows))
    assert made.heard("ops") == []
    return made


def _run(day: float, rows: float | None, *, minutes: float = 10, **changes: object) -> Run:
    """Return the run of a day; day 0 is a Tuesday. Half of the time goes into extract, and half into load."""
    begun = NOON + (day + 1) * DAY
    middle, ended = begun + timedelta(minutes=5), begun + timedelta(minutes=minutes)
    tables = () if rows is None else (TableLoad(table="events", rows=round(rows)), TableLoad(table="users", rows=50))
    facts: dict[str, object] = {
        "logical_id": f"day {day}",
        "started_at": begun,
        "ended_at": ended,
        "tables": tables,
        "steps": (
            Step(stage=Stage.EXTRACT, started_at=begun, ended_at=middle),
            Step(stage=Stage.LOAD, started_at=middle, ended_at=ended),
        ),
    }
    return good_run(f"{day}", **(facts | changes))  # type: ignore[arg-type]


def _open(desk: Desk) -> list[Alert]:
    with desk.store.reading() as tx:
        return [alert for alert in tx.alerts(open_only=True) if alert.topic is not Topic.DELIVERY]


def test_a_table_that_got_nothing_is_told_with_what_is_usual(desk: Desk) -> None:
    """At once, as an error, with the range, its origin, the same weekdays, a drawing and what to type."""
    desk.report(_run(0, 0))

    (title,) = desk.heard("ops")
    assert title.startswith("orders.events: 0 rows, usually ")
    (message,) = desk.messages("ops")
    assert message["severity"] == "error"
    text = message["text"]
    assert "learned from 28 runs" in text
    assert "Same weekday: 1,0" in text
    assert text.count("(Tue ") == 4
    assert "by weekday" in text
    assert "type: tocsin accept orders.events" in text
    assert "Last 29 runs, up to 1,0" in text
    assert "█████▃▃█·" in text


def test_an_outage_is_still_told_on_its_third_day_and_ends_with_the_first_rows(desk: Desk) -> None:
    """Nothing on three days is one problem, however often nothing came."""
    for day in range(3):
        desk.report(_run(day, 0))
    (alert,) = _open(desk)
    assert alert.occurrences == 3
    desk.report(_run(3, 1000))

    assert _open(desk) == []
    assert desk.heard("ops")[-1] == "orders.events is as usual again after 3 d"


def test_no_rows_in_a_run_without_data_are_no_rows_of_each_table(desk: Desk) -> None:
    """Dlt names no table then; those that every run names have missed theirs."""
    desk.report(_run(0, None, outcome=Outcome.NO_DATA))

    assert {(alert.item, alert.summary.partition(",")[0]) for alert in _open(desk)} == {
        ("events", "0 rows"),
        ("users", "0 rows"),
    }


def test_the_second_unusual_run_in_a_row_makes_it_an_error(desk: Desk) -> None:
    """The first one may be a holiday."""
    desk.report(_run(0, 300))
    first = _open(desk)[0].severity
    desk.report(_run(1, 310))

    assert (first, _open(desk)[0].severity) == ("warning", "error")


def test_a_failed_attempt_between_is_nothing_to_learn_from(desk: Desk) -> None:
    """The rows of a run that failed on the way say nothing; the attempt that went well does."""
    desk.report(
        _run(0, 3, outcome=Outcome.FAILED, id="first try"), _run(0.01, 1000, logical_id="day 0", id="second try")
    )

    with desk.store.reading() as tx:
        points = tx.series("orders", "default")[Measure.ROWS, "events"].points
    assert [(point.value, point.left_out) for point in points[-2:]] == [(_WEEKS[-1], None), (1000, None)]


def test_a_full_refresh_is_neither_told_nor_learned_from(desk: Desk) -> None:
    """It brings everything, and the day after is compared with the days before."""
    desk.report(_run(0, 500_000, refreshed=True), _run(1, 1000))

    assert desk.heard("ops") == []
    with desk.store.reading() as tx:
        points = tx.series("orders", "default")[Measure.ROWS, "events"].points
    assert [point.left_out for point in points[-2:]] == [LeftOut.REFRESH, None]


def test_an_accepted_level_is_the_normal_one(desk: Desk) -> None:
    """The alert ends with who said so, the next run on the new level is quiet, and one on the old level is told."""
    desk.report(_run(0, 5000))

    (acted,) = accept_level(desk.engine, "orders.events", by="ada")
    desk.tick()
    desk.report(_run(1, 5100))

    assert acted.alert.resolution == "accepted as the new normal by ada"
    assert desk.heard("ops")[1:] == ["orders.events: resolved by ada"]
    assert "Now: accepted as the new normal by ada" in desk.messages("ops")[-1]["text"]
    desk.report(_run(2, 1000))
    assert desk.heard("ops")[-1].startswith("orders.events: 1,000 rows, usually ")


def test_a_table_that_is_meant_to_be_empty_from_now_on_is_accepted(desk: Desk) -> None:
    """Nothing is told of it again, not even when it gets rows after all."""
    desk.report(_run(0, 0))
    accept_level(desk.engine, _open(desk)[0].id[:8], by="ada")
    desk.report(_run(1, 0), _run(2, 0), _run(3, 1000))

    assert _open(desk) == []


def test_all_levels_of_a_pipeline_are_accepted_by_its_name(desk: Desk) -> None:
    """Volume and duration, and nothing else that is open."""
    desk.report(_run(0, 0, minutes=90), _run(0.5, None, id="bad", outcome=Outcome.FAILED))

    acted = accept_level(desk.engine, "orders", by="ada")

    assert sorted((each.alert.topic.value, each.alert.item) for each in acted) == [
        ("duration", "load"),
        ("volume", "events"),
    ]
    assert _open(desk) == []


def test_what_is_not_open_cannot_be_accepted(desk: Desk) -> None:
    """The sentence says what one can name and where to look."""
    desk.report(_run(0, None, outcome=Outcome.FAILED))

    for name in ("orders.events", "orders", desk.open_or_last().id[:8]):
        with pytest.raises(NotFound) as caught:
            accept_level(desk.engine, name, by="ada")
        assert str(caught.value) == (
            f"no alert about volume or duration is open of {name!r}; name a pipeline, a table or step of it "
            "(orders.items), or the id of an alert. Open are: tocsin alerts"
        )


def test_a_step_that_took_long_is_told_and_not_the_whole_run_too(desk: Desk) -> None:
    """The step says why."""
    desk.report(_run(0, 1000, minutes=90))

    (title,) = desk.heard("ops")
    assert title.startswith("orders load: took 1 h 25 min, usually ")


def test_a_run_without_steps_is_told_as_a_whole(tmp_path: Path) -> None:
    """A watched job has no steps."""
    desk = Desk(tmp_path, MemoryStore(), "ops")
    for day in range(15):
        desk.report(_run(day, None, steps=(), stage=Stage.JOB, minutes=10 if day < 14 else 60))

    (title,) = desk.heard("ops")
    assert title.startswith("orders: took 1 h, usually ")


def test_limits_of_a_table_are_told_as_such(tmp_path: Path) -> None:
    """From the first run on, without advice to accept what somebody has ruled out."""
    limits = Limits(rows={"events": RowLimits(least=10, most=100)})
    desk = Desk(tmp_path, MemoryStore(), "ops", pipelines={"orders": PipelineConfig(limits=limits)})
    for day, rows in enumerate((5, 50, 500)):
        desk.report(_run(day, rows))

    assert desk.heard("ops") == [
        "orders.events: 5 rows, fewer than min_rows",
        "orders.events is as usual again after 1 d",
        "orders.events: 500 rows, more than max_rows",
    ]
    assert "accept" not in desk.messages("ops")[0]["text"]


def test_what_is_switched_off_is_quiet(tmp_path: Path) -> None:
    """Neither volume nor duration is told, and both are still learned."""
    off = PipelineConfig(limits=Limits(volume=False, duration=False))
    desk = Desk(tmp_path, MemoryStore(), "ops", pipelines={"orders": off})
    desk.report(*(_run(day, 1000) for day in range(14)), _run(14, 0, minutes=90))

    assert desk.heard("ops") == []
    with desk.store.reading() as tx:
        assert len(tx.series("orders", "default")[Measure.ROWS, "events"].points) == 15
