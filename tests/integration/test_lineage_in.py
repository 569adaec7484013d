"""Events of OpenLineage in: from the client of its producers, over HTTP, to alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import RunEvent, RunState
from openlineage.client.facet_v2 import RunFacet
from openlineage.client.transport.http import HttpConfig, HttpTransport

from desk import Desk
from lineage_events import DAG_RUN, FIRST_TRY, SECOND_TRY, airflow, body, event, failed, inside, output
from made import run
from served import serving
from served_here import ServedHere, served_here
from tocsin.core.access import Scope
from tocsin.core.run import Context, Outcome, Run
from tocsin.engine.api_keys import create_key
from tocsin.engine.engine import Engine
from tocsin.store.memory import MemoryStore
from typed_process import wait_until

_TRACE = """Traceback (most recent call last):
  File "/opt/dags/orders.py", line 41, in fetch
    raise ValueError("no such customer")
ValueError: no such customer, password=hunter2
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Give an engine with a channel."""
    return Desk(tmp_path, MemoryStore(), "ops")


@pytest.fixture
def server(desk: Desk) -> Iterator[ServedHere]:
    """Give the server of that engine."""
    with served_here(desk.engine) as served:
        yield served


def client(address: str, **settings: Any) -> OpenLineageClient:
    """Return the client that producers in Python use, as its documentation sets it up."""
    return OpenLineageClient(transport=HttpTransport(HttpConfig.from_dict({"url": address, **settings})))


def of_dag(state: RunState, minute: float, facets: Mapping[str, RunFacet] | None = None) -> RunEvent:
    """Return an event of the DAG around the task."""
    return event(state, minute, job="orders", run_id=DAG_RUN, facets=facets)


def emit(server: ServedHere, desk: Desk, *events: RunEvent) -> None:
    """Send events as a producer does, and let the engine take them in."""
    producer = client(server.address)
    for each in events:
        producer.emit(each)
    desk.tick()


def key_of(engine: Engine, scope: Scope, environments: Sequence[str] | None = None) -> str:
    """Return a key that may do this."""
    _, text = create_key(engine, name="airflow", scopes=[scope], environments=environments, expires_at=None, by="ann")
    return text


def runs(desk: Desk) -> dict[str, Run]:
    """Return the runs by their ids."""
    with desk.store.reading() as tx:
        return {each.id: each for each in tx.runs(limit=100)}


def test_a_task_that_fails_is_told_once(server: ServedHere, desk: Desk) -> None:
    """The task tells why, with its log; the DAG around it says no more; no secret of another program gets out."""
    emit(
        server,
        desk,
        of_dag(RunState.START, 0),
        event(RunState.START, 1, facets=airflow(retries=0)),
        event(RunState.FAIL, 3, facets={**airflow(retries=0), **failed("boom", _TRACE)}),
        of_dag(RunState.FAIL, 4, failed("The DAG has failed")),
    )
    assert desk.heard("ops") == ["prod/orders.load failed"]
    [message] = desk.messages("ops")
    assert "ValueError: no such customer" in message["text"]
    assert "orders.py:41 in fetch" in message["text"]
    assert "2 min after its start" in message["text"]
    assert "hunter2" not in str(message)
    assert message["links"][0] == {"label": "Airflow log", "url": "http://af.example:8080/log?try_number=1"}
    assert {each.outcome for each in runs(desk).values()} == {Outcome.FAILED}


def test_a_dag_that_fails_by_itself_is_told(server: ServedHere, desk: Desk) -> None:
    """No task of it has failed for good: one that was tried again went well."""
    emit(
        server,
        desk,
        of_dag(RunState.START, 0),
        event(RunState.FAIL, 1, facets={**airflow(tried=1), **failed("boom")}),
        event(RunState.START, 2, run_id=SECOND_TRY, facets=airflow(tried=2)),
        event(RunState.COMPLETE, 3, run_id=SECOND_TRY, facets=airflow(tried=2)),
    )
    emit(server, desk, of_dag(RunState.FAIL, 9, failed("timed out")))
    assert desk.heard("ops") == [
        "prod/orders.load failed (attempt 1 of 2)",
        "prod/orders.load recovered after 2 min",
        "prod/orders failed",
    ]


def test_what_a_pipeline_has_told_by_itself(server: ServedHere, desk: Desk) -> None:
    """A task of Airflow in which a pipeline of dlt has failed adds nothing to what the pipeline told."""
    context = Context(orchestrator="airflow", logical_id="orders/load/scheduled__2026", attempt=1)
    desk.report(run(context=context))
    emit(
        server,
        desk,
        of_dag(RunState.START, 0),
        event(RunState.FAIL, 2, facets={**airflow(tried=1), **failed("boom", _TRACE)}),
        of_dag(RunState.FAIL, 3, failed("The DAG has failed")),
    )
    assert desk.heard("ops") == ["orders failed"]


def test_events_in_any_order_and_more_than_once(server: ServedHere, desk: Desk) -> None:
    """A start after the end does not begin a run again, and what comes twice changes nothing."""
    end = event(RunState.COMPLETE, 5, outputs=[output("shop.orders", 7)])
    emit(server, desk, end)
    emit(server, desk, event(RunState.START, 1), event(RunState.RUNNING, 2))
    known = runs(desk)
    emit(server, desk, end, event(RunState.START, 1), event(RunState.RUNNING, 2), end)
    assert runs(desk) == known
    [ended] = known.values()
    assert (ended.outcome, ended.duration, ended.rows) == (Outcome.SUCCEEDED, timedelta(minutes=4), 7)
    assert desk.heard("ops") == []


def test_an_end_that_does_not_come(server: ServedHere, desk: Desk) -> None:
    """Producers give no signs of life, so a run is not missed after a minute, but after a day."""
    emit(server, desk, event(RunState.START, 0))
    desk.tick(minutes=60 * 23)
    assert desk.heard("ops") == []
    desk.tick(minutes=60 * 2)
    assert desk.heard("ops") == ["prod/orders.load died"]
    emit(server, desk, event(RunState.COMPLETE, 60 * 25))
    assert desk.heard("ops")[1:] == ["prod/orders.load recovered after 1 d 1 h"]


def test_columns_that_change_are_told(server: ServedHere, desk: Desk) -> None:
    """Whoever writes a table and says what it looks like is watched for that, too."""
    emit(server, desk, event(RunState.COMPLETE, 1, outputs=[output("shop.orders", 1, id="INT", price="DOUBLE")]))
    emit(server, desk, event(RunState.COMPLETE, 9, run_id=SECOND_TRY, outputs=[output("shop.orders", 1, id="TEXT")]))
    [message] = desk.messages("ops")
    assert "price" in message["text"]


def test_a_batch(server: ServedHere, desk: Desk) -> None:
    """What is no event is told by its place, as the API of OpenLineage has it, and the others are kept."""
    batch = [body(event(RunState.START, 0)), {"eventTime": "noon"}, body(event(RunState.COMPLETE, 1))]
    answer = httpx2.post(f"{server.address}/api/v1/lineage/batch", json=batch)
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "status": "partial_success",
            "summary": {"received": 3, "successful": 2, "failed": 1, "retriable": 0, "non_retriable": 1},
            "failed_events": [
                {"index": 1, "reason": "Invalid RFC3339 encoded datetime - at `$[1].eventTime`", "retriable": False}
            ],
        },
    )
    good = httpx2.post(f"{server.address}/api/v1/lineage/batch", json=batch[:1])
    assert (good.json()["status"], good.json()["failed_events"]) == ("success", [])
    desk.tick()
    assert [each.outcome for each in runs(desk).values()] == [Outcome.SUCCEEDED]


def test_what_is_refused(server: ServedHere, desk: Desk) -> None:
    """The answer is a problem document that says why, and nothing is kept."""
    address = f"{server.address}/api/v1/lineage"
    answer = httpx2.post(address, json={**body(event(RunState.START, 0)), "eventTime": "noon"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["detail"] == "Invalid RFC3339 encoded datetime - at `$.eventTime`"
    assert httpx2.post(address, content=b"<xml/>", headers={"content-type": "text/xml"}).status_code == 415
    desk.tick()
    assert runs(desk) == {}


@pytest.mark.parametrize(
    ("environments", "asked", "known"),
    [
        # That of the server, and of a key for one only.
        (None, "", "default"),
        (("prod",), "", "prod"),
        # Whoever says it.
        (None, "?environment=dev", "dev"),
        (("dev", "prod"), "?environment=dev", "dev"),
        # What a key is not for.
        (("dev", "prod"), "", None),
        (("prod",), "?environment=dev", None),
    ],
)
def test_the_environment_of_runs(
    environments: tuple[str, ...] | None, asked: str, known: str | None, server: ServedHere, desk: Desk
) -> None:
    """It is that of the address, else that of the key, else that of the server."""
    made = {"Authorization": f"Bearer {key_of(desk.engine, Scope.INGEST, environments)}"}
    answer = httpx2.post(f"{server.address}/api/v1/lineage{asked}", json=body(event(RunState.START, 0)), headers=made)
    assert answer.status_code == (200 if known else 403)
    desk.tick()
    assert [each.environment for each in runs(desk).values()] == ([known] if known else [])


def test_a_key_that_may_only_read(server: ServedHere, desk: Desk) -> None:
    """Reporting needs the scope for it."""
    key = key_of(desk.engine, Scope.READ)
    sent = body(event(RunState.START, 0))
    for headers, status in (({}, 401), ({"Authorization": f"Bearer {key}"}, 403)):
        assert httpx2.post(f"{server.address}/api/v1/lineage", json=sent, headers=headers).status_code == status


def test_a_producer_and_a_server_process(tmp_path: Path) -> None:
    """The client of OpenLineage with a key and gzip reaches `tocsin serve` at its default path."""
    settings = f'[tocsin.channels.ops]\ntype = "file"\npath = "{tmp_path / "told.jsonl"}"\n'
    with serving(tmp_path, settings=settings) as served:
        key = key_of(served.engine, Scope.INGEST)
        producer = client(served.address, compression="gzip", auth={"type": "api_key", "apiKey": key})
        producer.emit(event(RunState.START, 0))
        producer.emit(event(RunState.FAIL, 1, facets=failed("boom", _TRACE)))
        told = tmp_path / "told.jsonl"
        wait_until(lambda: told.exists() and "prod/orders.load failed" in told.read_text(), "the alert")
        with served.engine.store.reading() as tx:
            assert tx.run(FIRST_TRY) is not None


def test_a_schedule_is_learned_of_the_outer_run_alone(server: ServedHere, desk: Desk) -> None:
    """A DAG that does not start is one problem, and not one for each of its tasks; a task without a DAG is expected."""
    day = 60 * 24
    for n in range(9):
        outer, inner, alone, unknown = (f"0192fa5e-0000-7000-8000-0000000000{n}{kind}" for kind in range(4))
        emit(
            server,
            desk,
            event(RunState.START, n * day, job="orders", run_id=outer),
            event(RunState.START, n * day + 1, run_id=inner, facets=inside(outer, "orders")),
            event(RunState.COMPLETE, n * day + 2, run_id=inner, facets=inside(outer, "orders")),
            event(RunState.COMPLETE, n * day + 3, job="orders", run_id=outer),
            event(RunState.START, n * day, job="stock", run_id=alone, facets=inside(unknown, "nobody")),
            event(RunState.COMPLETE, n * day + 1, job="stock", run_id=alone, facets=inside(unknown, "nobody")),
        )
    with desk.store.reading() as tx:
        expected = {one.pipeline for one in tx.expectations("default", limit=10)}
    assert expected == {"prod/orders", "prod/stock"}
