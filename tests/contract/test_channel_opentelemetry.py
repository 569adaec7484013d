"""The OpenTelemetry channel: what arrives, read with OpenTelemetry's own classes, and what it makes of the answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from made import NOON, at, cause, good_run, run
from otlp import points, spans
from receiver import Receiver, answer
from sample_messages import FAILED, NOTE
from tocsin.channels.base import Channel, Outgoing
from tocsin.channels.registry import check_settings, make_channel
from tocsin.core.codec import encode
from tocsin.core.feed import Count, Feed, News
from tocsin.core.message import Message, Tone
from tocsin.core.run import Context, FailedJob, Link, Outcome, Run, Stage, Step, TableLoad
from tocsin.errors import DeliveryError

STEPS = (
    Step(stage=Stage.EXTRACT, started_at=at(4), ended_at=at(4.5)),
    Step(stage=Stage.NORMALIZE, started_at=at(4.5), ended_at=at(4.6)),
    Step(stage=Stage.LOAD, started_at=at(4.6), ended_at=at(5)),
)
LOADED = good_run(
    destination="postgres",
    steps=STEPS,
    tables=(
        TableLoad(table="orders", rows=7),
        TableLoad(table="items", rows=31),
        TableLoad(table="_dlt_loads", rows=1),
    ),
    load_ids=("1700000000.1",),
    context=Context(orchestrator="airflow", host="worker-1", links=(Link(label="Log", url="https://airflow/log"),)),
)
OUTER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the exporters of the machine that runs the tests out of them."""
    for name in ("ENDPOINT", "HEADERS", "COMPRESSION"):
        for signal in ("", "TRACES_", "METRICS_"):
            monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{signal}{name}", raising=False)


def channel(receiver: Receiver, **settings: str) -> Channel:
    """Return a channel that sends to the receiver."""
    return make_channel("opentelemetry", {"endpoint": f"http://localhost:{receiver.port}", **settings})


def news(of: Run | Count, feed: Feed = Feed.TRACES) -> Message:
    """Return the message of a feed."""
    told = of if isinstance(of, Count) else News(feed=feed, run=of)
    return Message(title="", tone=Tone.INFO, at=NOON, data=cast("dict[str, Any]", encode(told)))


def send(receiver: Receiver, message: Message, *, plain: bool = False, **settings: str) -> None:
    """Send a message."""
    assert channel(receiver, **settings).send(Outgoing(key="m1", message=message, plain=plain)).sent


def test_a_run_is_a_tree_of_spans(receiver: Receiver) -> None:
    """The run holds its steps, each with its own times; the step that loads says to where, and what."""
    send(receiver, news(LOADED))
    root, *steps = spans(receiver.last)
    assert (root.name, root.parent, root.status, root.events) == ("orders", "", "UNSET", [])
    assert (root.began, root.ended) == (at(4).timestamp(), at(5).timestamp())
    assert root.attributes == {
        "tocsin.run.id": "run2",
        "tocsin.outcome": "succeeded",
        "tocsin.orchestrator": "airflow",
        "tocsin.load_id": "1700000000.1",
        "url.full": "https://airflow/log",
        "db.system.name": "postgresql",
        "db.namespace": "shop",
        "tocsin.rows": 38,
        "tocsin.attempt": 1,
    }
    assert {name: root.resource[name] for name in ("service.name", "deployment.environment.name", "host.name")} == {
        "service.name": "orders",
        "deployment.environment.name": "default",
        "host.name": "worker-1",
    }
    assert [(step.name, step.parent, step.trace) for step in steps] == [
        (name, root.id, root.trace) for name in ("extract", "normalize", "load")
    ]
    assert len({root.id, *(step.id for step in steps)}) == 4
    assert steps[1].began == at(4.5).timestamp()
    assert steps[2].attributes["db.system.name"] == "postgresql"
    assert steps[2].events == [
        ("tocsin.table", {"db.collection.name": "orders", "tocsin.rows": 7}),
        ("tocsin.table", {"db.collection.name": "items", "tocsin.rows": 31}),
    ]


def test_what_was_raised_stands_where_it_was_raised(receiver: Receiver) -> None:
    """The step that failed has the exception; it and the run have the error as their status."""
    failed = run(steps=(Step(stage=Stage.EXTRACT, started_at=at(0), ended_at=at(0.5), ok=False),))
    send(receiver, news(failed))
    root, step = spans(receiver.last)
    assert root.status == "ERROR"
    assert root.said.startswith("extract of orders failed: 503 Server Error")
    assert (root.attributes["error.type"], root.events) == ("requests.exceptions.HTTPError", [])
    assert (step.status, step.said) == (root.status, root.said)
    ((name, raised),) = step.events
    assert name == "exception"
    assert raised["exception.type"] == "requests.exceptions.HTTPError"
    assert raised["exception.message"].startswith("503 Server Error")
    assert raised["exception.stacktrace"].endswith("HTTPError: 503")


@pytest.mark.parametrize(
    ("changes", "error", "events"),
    [
        # A job has no steps: all stands at the run.
        ({"stage": Stage.JOB, "cause": cause(exception="exit code 3")}, "exit code 3", ["exception"]),
        ({"outcome": Outcome.DIED, "cause": None}, "died", []),
        (
            {
                "outcome": Outcome.PARTIAL,
                "cause": None,
                "tables": (TableLoad(table="orders", rows=7),),
                "failed_jobs": (FailedJob(job="items.1.parquet", table="items", message="null in id"),),
            },
            "partial",
            ["tocsin.table", "exception"],
        ),
    ],
)
def test_a_run_without_steps(changes: dict[str, Any], error: str, events: list[str], receiver: Receiver) -> None:
    """What would stand at a step stands at the run."""
    send(receiver, news(run(**changes)))
    (root,) = spans(receiver.last)
    assert (root.status, root.attributes["error.type"]) == ("ERROR", error)
    assert [name for name, _ in root.events] == events


def test_a_step_that_was_begun_ends_with_its_run(receiver: Receiver) -> None:
    """Nobody told how it went on."""
    died = run(outcome=Outcome.DIED, cause=None, steps=(Step(stage=Stage.LOAD, started_at=at(0.5)),))
    send(receiver, news(died))
    _, step = spans(receiver.last)
    assert (step.status, step.said, step.ended) == ("ERROR", "died", at(1).timestamp())


def test_a_run_is_a_part_of_the_trace_that_its_orchestrator_told(receiver: Receiver) -> None:
    """The span of the orchestrator is the parent, and is somebody else's."""
    send(receiver, news(replace(LOADED, context=Context(names={"traceparent": OUTER}))))
    root, *steps = spans(receiver.last)
    assert (root.trace, root.parent, root.remote) == (OUTER[3:35], OUTER[36:52], True)
    assert {(step.trace, step.parent, step.remote) for step in steps} == {(root.trace, root.id, False)}


def test_attempts_of_one_logical_run_are_one_trace(receiver: Receiver) -> None:
    """The ids are made of those of the run: a repetition is the same to the byte, and another run is another trace."""
    for one in (LOADED, LOADED, replace(LOADED, id="run3", attempt=2), replace(LOADED, id="x", logical_id="x")):
        send(receiver, news(one))
    first, again, attempt, other = (spans(request)[0] for request in receiver.requests)
    assert receiver.requests[0].body == receiver.requests[1].body
    assert first == again
    assert (first.trace, first.id != attempt.id) == (attempt.trace, True)
    assert other.trace != first.trace


def test_a_run_adds_to_the_figures(receiver: Receiver) -> None:
    """One run, how long it took, and the rows of the user's tables, all as of its end."""
    send(receiver, news(LOADED, Feed.METRICS))
    found = points(receiver.last)
    assert [(one.metric, one.kind, one.unit, one.value, one.delta) for one in found] == [
        ("tocsin.runs", "sum", "{run}", 1, True),
        ("tocsin.run.duration", "histogram", "s", 60.0, True),
        ("tocsin.rows", "sum", "{row}", 7, True),
        ("tocsin.rows", "sum", "{row}", 31, True),
    ]
    assert {one.at for one in found} == {at(5).timestamp()}
    assert {one.resource["service.name"] for one in found} == {"orders"}
    assert found[0].attributes == found[1].attributes == {"tocsin.outcome": "succeeded"}
    assert found[3].attributes == {
        "db.system.name": "postgresql",
        "db.namespace": "shop",
        "db.collection.name": "items",
    }


@pytest.mark.parametrize(("seconds", "bucket"), [(0, 0), (1, 0), (1.5, 1), (60, 4), (43_200, 11), (99_999, 12)])
def test_how_long_it_took_is_in_one_bucket(seconds: float, bucket: int, receiver: Receiver) -> None:
    """A length that equals a bound is in the bucket below it."""
    took = good_run(started_at=at(0), ended_at=at(0) + timedelta(seconds=seconds))
    send(receiver, news(took, Feed.METRICS))
    (histogram,) = [one for one in points(receiver.last) if one.kind == "histogram"]
    assert (histogram.bucket, histogram.value) == (bucket, seconds)


def test_open_alerts_are_counted(receiver: Receiver) -> None:
    """By severity; they are Tocsin's own, and no pipeline's."""
    send(receiver, news(Count(at=at(3), open_alerts={"warning": 0, "error": 2})))
    assert [(one.metric, one.kind, one.attributes, one.value) for one in points(receiver.last)] == [
        ("tocsin.alerts.open", "gauge", {"tocsin.severity": "warning"}, 0),
        ("tocsin.alerts.open", "gauge", {"tocsin.severity": "error"}, 2),
    ]
    assert points(receiver.last)[0].resource["service.name"] == "tocsin"
    assert points(receiver.last)[0].at == at(3).timestamp()


def test_alerts_are_not_sent_and_remarks_are(receiver: Receiver) -> None:
    """`tocsin channel test` shows a span; an alert that a route sends here goes nowhere."""
    receipt = channel(receiver).send(Outgoing(key="m1", message=FAILED))
    assert (receipt.sent, receipt.answer) == (
        False,
        "nothing was sent: OpenTelemetry gets runs and figures, and no alerts",
    )
    assert receiver.requests == []
    send(receiver, NOTE)
    (span,) = spans(receiver.last)
    assert (span.name, span.resource["service.name"]) == (NOTE.title, "tocsin")


def test_what_was_refused_comes_again_without_events(receiver: Receiver) -> None:
    """A receiver that cannot take a trace can take its outline."""
    send(receiver, news(LOADED), plain=True)
    assert [span.events for span in spans(receiver.last)] == [[], [], [], []]


def test_text_that_no_utf8_can_write(receiver: Receiver) -> None:
    """The names of files may hold halves of characters; the span arrives all the same."""
    send(receiver, news(run(pipeline="a\udc80", cause=cause(message="file \udcff"), destination="d\udc80")))
    (root,) = spans(receiver.last)
    assert (root.name, root.events[0][1]["exception.message"]) == ("a?", "file ?")


@pytest.mark.parametrize(
    ("message", "answered"),
    [
        (
            news(LOADED),
            ExportTraceServiceResponse(
                partial_success=ExportTracePartialSuccess(rejected_spans=2, error_message="too old")
            ),
        ),
        (
            news(LOADED, Feed.METRICS),
            ExportMetricsServiceResponse(
                partial_success=ExportMetricsPartialSuccess(rejected_data_points=2, error_message="too old")
            ),
        ),
    ],
)
def test_a_success_that_rejects_is_none(message: Message, answered: Any, receiver: Receiver) -> None:
    """The receiver says how many and why; what it took whole, with a word or without, is taken."""
    receiver.answers(answer(200, answered.SerializeToString()))
    with pytest.raises(DeliveryError, match=r"rejected 2 of what it took: too old") as refused:
        send(receiver, message)
    assert (refused.value.permanent, refused.value.payload, refused.value.status) == (True, True, 200)
    for body in (b"", b"{}", b"<html>", type(answered)().SerializeToString()):
        receiver.answers(answer(200, body))
        send(receiver, message)


def test_the_variables_of_exporters_count_where_nothing_is_set(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of one signal before those of all, as the specification has it; settings go before both."""
    here = f"http://localhost:{receiver.port}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{here}/all/")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", f"{here}/own/v1/metrics")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%2Cb, tenant = data")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "api-key=m")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    bare = make_channel("opentelemetry", {})
    for feed in (Feed.TRACES, Feed.METRICS):
        bare.send(Outgoing(key="m1", message=news(LOADED, feed)))
    traced, measured = receiver.requests
    assert (traced.target, measured.target) == ("/all/v1/traces", "/own/v1/metrics")
    assert (traced.headers["api-key"], traced.headers["tenant"], measured.headers["api-key"]) == ("a,b", "data", "m")
    assert "content-encoding" not in traced.headers
    assert spans(traced)[0].name == "orders"
    send(receiver, news(LOADED), headers="api-key=s")
    assert (receiver.last.target, receiver.last.headers["api-key"]) == ("/v1/traces", "s")
    assert "tenant" not in receiver.last.headers


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            {},
            "endpoint is missing, for example http://localhost:4318; or set OTEL_EXPORTER_OTLP_ENDPOINT",
        ),
        (
            {"endpoint": "http://localhost:4318", "headers": "s3cr3t"},
            "headers is not of the form name=value,name=value; write % in a value as %25, a comma as %2C",
        ),
    ],
)
def test_problems_of_the_settings(settings: dict[str, str], problem: str) -> None:
    """An address is needed from somewhere, and headers are pairs; no value of them is repeated."""
    assert check_settings("opentelemetry", settings)[1] == [problem]


def test_what_is_switched_off_is_not_followed(receiver: Receiver) -> None:
    """Each signal has a switch, and needs an address only if it is on."""
    assert channel(receiver).feeds() == (Feed.TRACES, Feed.METRICS)
    assert channel(receiver, traces="false").feeds() == (Feed.METRICS,)
    assert channel(receiver, metrics="false").feeds() == (Feed.TRACES,)
