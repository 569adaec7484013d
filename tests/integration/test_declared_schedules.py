"""Schedules that stand in the code or are known to the orchestrator: who says them, and whose word counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dlt_scripts import start, wait
from made import at, run
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.core.event import Event, EventType
from tocsin.core.expectation import Expectation
from tocsin.core.finding import Kind
from tocsin.core.run import Context, DeclaredSchedule, Outcome, Run
from tocsin.engine.engine import Engine
from tocsin.engine.ingest import ingest
from tocsin.engine.opening import open_engine
from tocsin.engine.tick import tick
from tocsin.store.memory import MemoryStore

_ENVIRONMENT = {"TOCSIN__HANDOVER": "none", "TOCSIN__ENABLED": "true"}


def _reported(source: str, folder: Path) -> list[Run]:
    """Return the runs that a script reports, in order of their end."""
    ended = wait(start(source, folder, _ENVIRONMENT), folder)
    assert (ended.code, ended.err) == (0, "")
    return ended.ended()


def test_schedule_in_the_code_is_reported_with_the_run(tmp_path: Path) -> None:
    """A watched job says when it should run, and how late it may be, as it is written."""
    source = """
import tocsin

with tocsin.watch("job", schedule="0 6 * * *", timezone="Europe/Berlin", start_within="20m", finish_within=7200):
    pass
"""
    [reported] = _reported(source.replace("7200", "'2h'"), tmp_path)

    assert reported.schedule == DeclaredSchedule(
        text="0 6 * * *",
        timezone="Europe/Berlin",
        source="tocsin.watch",
        start_within=timedelta(minutes=20),
        finish_within=timedelta(hours=2),
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("schedule='at six'", "'at six' is no schedule"),
        ("schedule='0 6 * * *', timezone='Europe/Ulm'", "Europe/Ulm"),
        ("schedule='0 6 * * *', start_within='soon'", "not a length of time"),
    ],
)
def test_schedule_that_nobody_can_read_is_warned_about(arguments: str, said: str, tmp_path: Path) -> None:
    """One warning says what is wrong and what to write, and the job runs and is watched without a schedule."""
    source = f"""
import logging, sys, tocsin

heard = []
handler = logging.Handler()
handler.emit = lambda record: heard.append(record.getMessage())
logging.getLogger("tocsin").addHandler(handler)

@tocsin.watch("job", {arguments})
def job():
    return 42

assert job() == 42
[warning] = heard
assert warning.startswith("tocsin.watch('job') goes on without its schedule: "), warning
assert {said!r} in warning, warning
"""
    [reported] = _reported(source, tmp_path)

    assert (reported.outcome, reported.schedule) == (Outcome.SUCCEEDED, DeclaredSchedule(source="tocsin.watch"))


def test_jobs_without_a_schedule_do_not_pay_for_one(tmp_path: Path) -> None:
    """What reads schedules and hours, and what alerts are, is not imported where nobody asks for it."""
    source = """
import sys, tocsin

with tocsin.watch("job"):
    pass
assert "tocsin.core.schedule" not in sys.modules
assert "tocsin.core.time_window" not in sys.modules
assert "tocsin.core.alert" not in sys.modules
"""
    assert len(_reported(source, tmp_path)) == 1


def test_job_of_dlt_declares_the_schedule_of_its_trigger(tmp_path: Path) -> None:
    """A pipeline inside of a job of dlt's deployment manifest has its schedule and zone; the outermost job counts."""
    pytest.importorskip("dlt.hub.run", reason="dlt has jobs since 1.31")
    source = """
import asyncio
import dlt
import dlt.hub.run as hub

def load(name):
    dlt.pipeline(name, destination="duckdb").run([{"id": 1}], table_name="t")

@hub.job(section="shop", trigger=["tag:nightly", "schedule:0 6 * * *"], require={"timezone": "Europe/Berlin"})
def daily():
    load("daily")

@hub.job(section="shop", trigger="every:90m")
async def often():
    load("often")

@hub.job(section="shop")
def by_hand():
    daily()

daily()
asyncio.run(often())
by_hand()
load("outside")
"""
    reported = [(one.pipeline, one.context.schedule) for one in _reported(source, tmp_path)]

    daily = DeclaredSchedule(text="0 6 * * *", timezone="Europe/Berlin", source="dlt job jobs.shop.daily")
    assert reported == [
        ("daily", daily),
        ("often", DeclaredSchedule(text="every 90m", timezone="UTC", source="dlt job jobs.shop.often")),
        ("daily", DeclaredSchedule(timezone="UTC", source="dlt job jobs.shop.by_hand")),
        ("outside", None),
    ]


_CODE = DeclaredSchedule(text="every 1h", source="tocsin.watch")
_AIRFLOW = DeclaredSchedule(text="0 * * * *", timezone="UTC", source="Airflow DAG shop")
_NO_CODE = replace(_CODE, text="")
_NO_AIRFLOW = replace(_AIRFLOW, text="")


class Heard:
    """An engine that hears of runs of "orders", half past each hour."""

    def __init__(self, home: Path, settings: dict[str, Any]) -> None:
        """Begin at noon, with these settings of the pipeline."""
        self.now = at(0)
        self.engine = self._open(home, settings)
        self._runs = 0

    def _open(self, home: Path, settings: dict[str, Any]) -> Engine:
        values = {"tocsin": {"timezone": "Europe/Berlin", "pipelines": {"orders": settings} if settings else {}}}
        config = load([Layer(origin="tocsin.toml", values=values, secrets_allowed=True)], home=home)
        return open_engine(config, store=MemoryStore(), clock=lambda: self.now, watching=True)

    def hear(self, *, minutes: float = 60, **said: Any) -> Expectation | None:
        """Take in a run that begins so many minutes after the last one, and return what is expected after it."""
        self._runs += 1
        self.now += timedelta(minutes=minutes)
        one = run(str(self._runs), started_at=self.now, ended_at=None, outcome=Outcome.RUNNING, cause=None, **said)
        ingest(self.engine, Event(id=one.id, type=EventType.RUN_STARTED, at=self.now, run=one))
        with self.engine.store.reading() as tx:
            return tx.expectation("orders", "default")


@pytest.fixture
def hearing(tmp_path: Path) -> Callable[..., Heard]:
    """Make an engine with these settings of the pipeline."""
    return lambda **settings: Heard(tmp_path, settings)


def _by(schedule: DeclaredSchedule, **context: Any) -> Context:
    return Context(orchestrator="airflow", schedule=schedule, **context)


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ([{"schedule": _CODE}], "tocsin.watch"),
        ([{"context": _by(_AIRFLOW)}], "Airflow DAG shop"),
        # The code goes before the orchestrator, whichever is heard first.
        ([{"schedule": _CODE, "context": _by(_AIRFLOW)}], "tocsin.watch"),
        ([{"context": _by(_AIRFLOW)}, {"schedule": _CODE}], "tocsin.watch"),
        ([{"schedule": _CODE}, {"context": _by(_AIRFLOW)}], "tocsin.watch"),
        # A job without a schedule of its own may have one by its orchestrator.
        ([{"schedule": _NO_CODE, "context": _by(_AIRFLOW)}], "Airflow DAG shop"),
        # A run that knows nothing says nothing.
        ([{"schedule": _CODE}, {}], "tocsin.watch"),
        # Only who has declared a schedule takes it back.
        ([{"schedule": _CODE}, {"context": _by(_NO_AIRFLOW)}], "tocsin.watch"),
        ([{"schedule": _CODE}, {"schedule": _NO_CODE}], None),
        ([{"context": _by(_AIRFLOW)}, {"context": _by(_NO_AIRFLOW)}], None),
        # A pipeline that has moved is due when its new place says.
        (
            [{"context": _by(replace(_AIRFLOW, source="Airflow DAG old"))}, {"context": _by(_AIRFLOW)}],
            "Airflow DAG shop",
        ),
        # What a person starts by hand says nothing of the orchestrator's schedule.
        ([{"context": _by(_AIRFLOW, names={"run_type": "manual"})}], None),
        # Nobody can read it.
        ([{"context": _by(replace(_AIRFLOW, text="at six"))}], None),
    ],
)
def test_whose_word_counts(hearing: Callable[..., Heard], said: list[dict[str, Any]], source: str | None) -> None:
    """Code goes before orchestrator, and nobody takes back what another has declared."""
    heard = hearing()
    expected = [heard.hear(**each) for each in said][-1]

    assert (expected.schedule.source if expected else None) == source


def test_configuration_goes_before_all(hearing: Callable[..., Heard]) -> None:
    """What a run declares changes nothing of what the configuration says, before it was first looked at and after."""
    heard = hearing(schedule="0 6 * * *")
    assert heard.hear(schedule=_CODE) is None
    tick(heard.engine)
    expected = heard.hear(schedule=_CODE, context=_by(_AIRFLOW))

    assert expected is not None
    assert expected.schedule.text == "0 6 * * *"


def test_windows_of_the_code_and_zone_of_the_configuration(hearing: Callable[..., Heard]) -> None:
    """The code's windows are taken, a configured limit goes before them, and the zone is the configured one."""
    heard = hearing(finish_within="1h")
    declared = replace(_CODE, start_within=timedelta(minutes=2), finish_within=timedelta(minutes=5))
    expected = heard.hear(schedule=declared)

    assert expected is not None
    assert (expected.schedule.timezone, expected.start_within, expected.finish_within) == (
        "Europe/Berlin",
        timedelta(minutes=2),
        timedelta(hours=1),
    )


def test_pipeline_that_is_late_in_its_dag_has_time_to_start(hearing: Callable[..., Heard]) -> None:
    """A task half an hour behind its DAG has an hour of grace; a retry and a better day take nothing from it."""
    heard = hearing()
    first = heard.hear(minutes=30, context=_by(_AIRFLOW))
    retried = heard.hear(minutes=20, context=_by(_AIRFLOW), attempt=2)
    soon = heard.hear(minutes=12, context=_by(_AIRFLOW))

    graces = [each.start_within for each in (first, retried, soon) if each is not None]
    assert graces == [timedelta(hours=1)] * 3


def test_grace_of_the_code_is_as_it_is_written(hearing: Callable[..., Heard]) -> None:
    """A job that somebody runs long after it was due does not get more time the next day."""
    expected = hearing().hear(minutes=45, schedule=replace(_CODE, text="0 * * * *"))

    assert expected is not None
    assert expected.start_within == timedelta(minutes=15)


def test_declared_schedule_is_kept_and_told(hearing: Callable[..., Heard]) -> None:
    """A job that said when it should run is told when it does not, with where its schedule stands."""
    heard = hearing()
    heard.hear(schedule=_CODE)
    heard.now += timedelta(minutes=76)
    tick(heard.engine)

    with heard.engine.store.reading() as tx:
        [alert] = tx.alerts(subject="orders")
    assert (alert.kind, alert.evidence) == (Kind.NOT_STARTED, {"Schedule": "every 1h, Europe/Berlin (tocsin.watch)"})
