"""Runs told to OpenLineage: an engine, a real receiver, and another server of Tocsin that reads what arrives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desk import Desk, channel
from made import at, cause, good_run, run
from receiver import Receiver, answer, receiving
from served_here import served_here
from tocsin.config.model import PipelineConfig
from tocsin.core.run import Outcome, Run, TableLoad
from tocsin.core.schedule import Schedule
from tocsin.core.schema import SchemaVersion
from tocsin.store.memory import MemoryStore
from tocsin.web.lineage.run import report_of
from tocsin.web.lineage.shape import LineageEvent, LineageJob, LineageRun

LOADED = good_run(
    location="postgresql://db:5432/warehouse",
    tables=(TableLoad(table="orders", rows=7),),
    schemas=(SchemaVersion(name="shop", version_hash="a", tables={"orders": {"id": "bigint"}, "old": {"x": "text"}}),),
)

_TRACE = """Traceback (most recent call last):
  File "orders.py", line 41, in fetch
    answer.raise_for_status()
requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: https://api.example.com/orders"""
FAILED = run(cause=cause(traceback=_TRACE))


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the proxies of the machine out."""
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a real HTTP server."""
    with receiving() as running:
        yield running


def desk_of(home: Path, address: str, **settings: Any) -> Desk:
    """Return an engine that tells OpenLineage."""
    return Desk(home, MemoryStore(), channel("lineage", "openlineage", url=address), **settings)


def begun(of: Run) -> Run:
    """Return a run at its beginning."""
    return replace(of, outcome=Outcome.RUNNING, ended_at=None, tables=(), schemas=(), cause=None)


def told(receiver: Receiver) -> list[Any]:
    """Return the events that arrived."""
    return [request.json for request in receiver.requests]


def test_a_run_from_its_start_to_its_end(tmp_path: Path, receiver: Receiver) -> None:
    """Both ends are told, with the slot that the run was due for, and the columns of the tables that it wrote."""
    due = {"orders": PipelineConfig(schedule=Schedule(text="2 12 * * *"))}
    desk = desk_of(tmp_path, f"http://localhost:{receiver.port}", pipelines=due)
    object.__setattr__(desk.engine, "watching", True)
    desk.tick()
    desk.tick(minutes=2)
    desk.report(begun(LOADED))
    desk.report(LOADED)
    start, end = told(receiver)
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == end["run"]["runId"]
    assert start["run"]["facets"]["nominalTime"]["nominalStartTime"] == at(2).isoformat()
    [output] = end["outputs"]
    assert (output["namespace"], output["name"]) == ("postgres://db:5432", "warehouse.shop.orders")
    assert output["facets"]["schema"]["fields"] == [{"name": "id", "type": "bigint"}]


def test_what_cannot_be_sent_waits(tmp_path: Path, receiver: Receiver) -> None:
    """A receiver that is down for a while gets the event when it is back, and no alert goes to it."""
    receiver.answers(answer(503), answer(200))
    desk = desk_of(tmp_path, f"http://localhost:{receiver.port}")
    desk.report(run())
    desk.tick(minutes=30)
    first, second = told(receiver)
    assert first == second
    assert first["eventType"] == "FAIL"


def test_what_came_in_is_not_sent_out(tmp_path: Path, receiver: Receiver) -> None:
    """Two servers that tell each other of runs would never end."""
    desk = desk_of(tmp_path, f"http://localhost:{receiver.port}")
    made = LineageEvent(
        event_time=at(1),
        event_type="COMPLETE",  # type: ignore[arg-type]  # as it is in JSON
        run=LineageRun(run_id="0192fa5e-0000-7000-8000-000000000001"),  # type: ignore[arg-type]
        job=LineageJob(namespace="prod", name="orders"),
    )
    report = report_of(made, environment="default", redact=str)
    assert report is not None
    desk.spool.put(report)
    desk.tick()
    assert told(receiver) == []


@pytest.mark.parametrize("ended", [LOADED, FAILED, good_run(outcome=Outcome.INTERRUPTED)])
def test_one_server_tells_another(ended: Run, tmp_path: Path) -> None:
    """What one sends, the other reads as the same pipeline, time, outcome, rows, and reason."""
    other = Desk(tmp_path / "other", MemoryStore(), "ops")
    with served_here(other.engine) as server:
        desk = desk_of(tmp_path, server.address)
        desk.report(begun(ended))
        desk.report(ended)
    other.tick()
    with other.store.reading() as tx:
        [known] = tx.runs()
    assert (known.pipeline, known.environment, known.outcome) == (ended.pipeline, ended.environment, ended.outcome)
    assert (known.started_at, known.ended_at) == (ended.started_at, ended.ended_at)
    assert [load.rows for load in known.tables] == [load.rows for load in ended.tables]
    if ended.cause is not None:
        assert known.cause is not None
        assert (known.cause.exception, known.cause.cause_class) == (ended.cause.exception, ended.cause.cause_class)
        assert other.heard("ops") == ["orders failed"]
