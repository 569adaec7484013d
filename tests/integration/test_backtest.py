"""Backtests: the engine lives through recorded runs again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from made import NOON, at, good_run, run
from recorded_runs import recorded
from reported import config
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.core.finding import Kind, Topic
from tocsin.core.run import Outcome, Run, TableLoad
from tocsin.core.series import LeftOut, Measure
from tocsin.engine.backtest import Backtest, replay
from tocsin.store.memory import MemoryStore


def _replayed(home: Path, runs: list[Run], *, false_alerts: float = 0.3) -> Backtest:
    return replay(replace(config(home), false_alerts=false_alerts), runs)


def _of(tested: Backtest, pipeline: str) -> list[tuple[str, Kind, str]]:
    fired = [one.opened for one in tested.fired if one.opened.subject == pipeline]
    return [(f"{one.since:%d %H:%M}", one.kind, one.item) for one in fired]


def test_what_happened_is_told_when_it_happened(tmp_path: Path) -> None:
    """A run that failed, one that did not come, and one with a tenth of its rows, each at its time."""
    tested = _replayed(tmp_path, recorded())

    assert _of(tested, "orders") == [
        ("06 06:01", Kind.FAILED, ""),
        # Half an hour after it was due.
        ("12 06:30", Kind.NOT_STARTED, ""),
        ("23 06:07", Kind.VOLUME, "order_lines"),
        ("23 06:07", Kind.VOLUME, "orders"),
    ]
    (failed, missing, *volume) = [one for one in tested.fired if one.opened.subject == "orders"]
    # It was as bad again the day after, and well on the third.
    assert failed.opened.occurrences == 1
    assert failed.ended.occurrences == 2
    assert failed.ended.resolved_at is not None
    assert f"{failed.ended.resolved_at:%d %H}" == "08 06"
    assert "Note" not in (missing.opened.evidence or {})
    assert all(one.ended.open for one in volume)


def test_the_order_in_which_runs_are_given_does_not_matter(tmp_path: Path) -> None:
    """They are lived through in the order of time; those that have not ended are left out."""
    runs = recorded(days=12)
    going = run("going", outcome=Outcome.RUNNING, ended_at=None)

    assert _replayed(tmp_path, [going, *reversed(runs)]) == _replayed(tmp_path, runs)


def test_what_is_learned_is_what_the_engine_learns(tmp_path: Path) -> None:
    """The series in the store are those of the engine, with what an alert was about left out."""
    store = MemoryStore()
    replay(config(tmp_path), recorded(), store=store)

    with store.reading() as tx:
        series = tx.series("orders", "default")[Measure.ROWS, "orders"]
        assert tx.notifications() == []

    assert series.points[0].left_out is LeftOut.FIRST_LOAD
    assert series.points[-1].left_out is LeftOut.UNUSUAL


def test_pipelines_that_are_not_recorded_are_not_missed(tmp_path: Path) -> None:
    """The schedule of a pipeline of which nothing is known says nothing of whether it ran."""
    tested = _replayed(tmp_path, [one for one in recorded(days=10) if one.pipeline == "events"])

    assert {one.opened.subject for one in tested.fired} == {"events"}


def test_no_run_is_an_error(tmp_path: Path) -> None:
    """Nothing can be said of nothing."""
    with pytest.raises(ValueError, match="there is no run that has ended"):
        _replayed(tmp_path, [])


def _noisy() -> list[Run]:
    """Return sixty days of a table that jumps about; a few of its days are out of what is usual."""
    jumps = {20: 3.0, 30: 0.3, 40: 3.4, 50: 0.25}
    return [
        good_run(
            f"day{day}",
            started_at=NOON - timedelta(days=60 - day),
            ended_at=NOON - timedelta(days=60 - day) + timedelta(minutes=5),
            tables=(TableLoad(table="orders", rows=round(1000 * (1 + day % 5 / 20) * jumps.get(day, 1))),),
        )
        for day in range(60)
    ]


def test_alerts_are_counted_a_month_and_a_table(tmp_path: Path) -> None:
    """Two months with so many alerts have half of them a month."""
    tested = _replayed(tmp_path, _noisy(), false_alerts=1)
    (number,) = [n for (_, _, topic, item), n in tested.counts.items() if (topic, item) == (Topic.VOLUME, "orders")]

    assert number >= 2
    assert 1.9 < tested.months < 2
    assert tested.over(number / tested.months - 0.01) == [("orders", "default", Topic.VOLUME, "orders")]
    assert tested.over(number / tested.months) == []


def test_fewer_false_alerts_mean_fewer_alerts(tmp_path: Path) -> None:
    """The setting that backtests tune does something."""
    many, few = (_replayed(tmp_path, _noisy(), false_alerts=rate) for rate in (1, 0.001))

    assert len(few.fired) < len(many.fired)


def test_a_short_history_counts_as_a_month(tmp_path: Path) -> None:
    """One alert in three days does not make ten a month."""
    tested = _replayed(tmp_path, [run(f"run{day}", ended=day * 1440.0) for day in range(3)])

    assert tested.months == 1


def test_failures_have_no_budget(tmp_path: Path) -> None:
    """No threshold makes a pipeline fail less often."""
    runs = [
        one
        for turn in range(8)
        for one in (run(f"bad{turn}", ended=turn * 60.0), good_run(f"good{turn}", ended=turn * 60 + 30.0))
    ]

    tested = _replayed(tmp_path, runs)

    assert tested.counts["orders", "default", Topic.DELIVERY, ""] >= 1
    assert tested.over(0) == []
    assert tested.begin == at(-1)


def test_a_table_that_gets_too_old_is_told_when_it_does(tmp_path: Path) -> None:
    """Time alone makes it so: no run has to end for it."""
    fresh = {"pipelines": {"customers": {"tables": {"customers": {"fresh_within": "4h"}}}}}
    settings = load([Layer(origin="test", values={"tocsin": fresh}, secrets_allowed=False)], home=tmp_path)
    runs = [one for one in recorded(days=1) if one.pipeline == "customers"]

    told = _of(replay(settings, runs), "customers")

    # Its runs end a minute or two after nine, fifteen, twenty-one and three.
    assert [(when[:5], kind, table) for when, kind, table in told] == [
        (when, Kind.STALE, "customers") for when in ("22 13", "22 19", "23 01", "23 07")
    ]
