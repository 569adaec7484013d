"""What a pipeline's own settings say, on a server that does not have them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from desk import Desk
from made import at, run
from tocsin.capture.declared import declare
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.config.model import Config, PipelineConfig
from tocsin.core.run import IN_CODE, IN_SETTINGS, Context, DeclaredSchedule, Outcome, Run
from tocsin.engine.opening import open_engine
from tocsin.engine.ways import labels_for
from tocsin.store.memory import MemoryStore

_IN_CODE = DeclaredSchedule(text="every 2h", source=IN_CODE)
_BY_AIRFLOW = Context(schedule=DeclaredSchedule(text="every 3h", source="Airflow DAG shop"))


def _settings(home: Path, **of_pipeline: Any) -> Config:
    values = {"tocsin": {"server": "https://tocsin.internal", "api_key": "k", "pipelines": {"orders": of_pipeline}}}
    return load([Layer(origin="config.toml", values=values, secrets_allowed=True)], home=home)


def _good(number: int, **changes: Any) -> Run:
    return run(f"r{number}", ended=number * 60.0, outcome=Outcome.SUCCEEDED, cause=None, **changes)


def test_a_schedule_in_the_settings_goes_before_one_in_the_code(tmp_path: Path) -> None:
    """It is sent as it is written, with its zone and its limits."""
    config = _settings(tmp_path, schedule="every 1h", start_within="5m", finish_within="30m", timezone="Asia/Tokyo")
    declared = declare(config, run(schedule=_IN_CODE)).schedule
    assert declared == DeclaredSchedule(
        text="every 1h",
        timezone="Asia/Tokyo",
        source=IN_SETTINGS,
        start_within=timedelta(minutes=5),
        finish_within=timedelta(minutes=30),
    )
    assert declare(_settings(tmp_path), run(schedule=_IN_CODE)).schedule == _IN_CODE


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([{"schedule": "every 1h"}], "every 1h"),
        # It was removed from the settings, and nobody else knows one.
        ([{"schedule": "every 1h"}, {}], None),
        # Moved into the code, and back.
        ([{"schedule": "every 1h"}, {"run": {"schedule": _IN_CODE}}], "every 2h"),
        ([{"run": {"schedule": _IN_CODE}}, {"schedule": "every 1h"}], "every 1h"),
        ([{"run": {"schedule": _IN_CODE}}, {}], None),
        # The orchestrator's counts only where the pipeline itself says nothing.
        ([{"schedule": "every 1h", "run": {"context": _BY_AIRFLOW}}], "every 1h"),
        ([{"schedule": "every 1h"}, {"run": {"context": _BY_AIRFLOW}}], "every 3h"),
    ],
)
def test_the_server_expects_what_was_said_last(
    tmp_path: Path, reports: list[dict[str, Any]], expected: str | None
) -> None:
    """Whoever declared a schedule takes it back by saying that there is none."""
    desk = Desk(tmp_path, MemoryStore())
    for number, report in enumerate(reports):
        settings = {key: value for key, value in report.items() if key != "run"}
        desk.report(declare(_settings(tmp_path, **settings), _good(number, **report.get("run", {}))))
    with desk.store.reading() as tx:
        found = tx.expectation("orders", "default")
    assert (found.schedule.text if found is not None else None) == expected


def test_the_owner_of_the_settings_hears_of_a_failure_and_of_a_run_that_never_started(tmp_path: Path) -> None:
    """Routes of the server ask for it as if it stood there; what its operator has written goes before it."""
    config = _settings(tmp_path, owner="data-team", schedule="every 1h", start_within="5m")
    desk = Desk(tmp_path, MemoryStore())
    desk.engine = open_engine(Config(home=tmp_path), store=desk.store, clock=lambda: desk.now, watching=True)
    desk.report(declare(config, _good(0)))
    desk.tick(minutes=70)
    desk.tick(minutes=1)
    absent = desk.open_or_last()
    assert absent.kind.value == "not_started"
    assert labels_for(desk.engine, absent)["owner"] == "data-team"

    failed = declare(config, run("late", started_at=desk.now, ended_at=desk.now + timedelta(minutes=1)))
    desk.report(failed)
    assert labels_for(desk.engine, desk.open_or_last())["owner"] == "data-team"

    central = Config(home=tmp_path / "other", pipelines={"orders": PipelineConfig(owner="platform")})
    other = Desk(tmp_path / "other", MemoryStore())
    other.engine = open_engine(central, store=other.store, clock=lambda: other.now)
    other.report(failed)
    assert labels_for(other.engine, other.open_or_last())["owner"] == "platform"


def test_without_settings_of_its_own_a_run_says_no_owner(tmp_path: Path) -> None:
    """An empty owner is none, and says that no schedule stands anywhere."""
    declared = declare(_settings(tmp_path), run())
    assert (declared.context.owner, declared.schedule) == ("", DeclaredSchedule(source=IN_SETTINGS))


def test_a_run_may_be_silent_for_as_long_as_its_own_settings_say(tmp_path: Path) -> None:
    """Where only cron sends its signs of life it may be for some minutes at least; the server's own word goes first."""
    config = _settings(tmp_path, died_after="10m")
    by_cron = replace(_settings(tmp_path), handover="none")
    living = run(started_at=at(0), ended_at=None, outcome=Outcome.RUNNING, cause=None)
    for declared, minutes in ((config, 10), (by_cron, 3), (_settings(tmp_path), 1)):
        desk = Desk(tmp_path / str(minutes), MemoryStore())
        desk.report(declare(declared, living))
        assert desk.tick(minutes=minutes - 0.1).died == 0
        assert desk.tick(minutes=0.2).died == 1

    strict = {"orders": PipelineConfig(died_after=timedelta(minutes=1))}
    desk = Desk(tmp_path / "strict", MemoryStore(), pipelines=strict)
    desk.report(declare(config, living))
    assert desk.tick(minutes=2).died == 1
