"""OpenTelemetry behind the engine: what arrives when, while a real receiver is there, away or full."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from desk import Desk, channel
from made import at, good_run, run
from otlp import Point, Span, points, spans
from receiver import Connection, Receiver, answer
from tocsin.core.outbox import Status
from tocsin.core.run import Outcome
from tocsin.store.open import open_store


@pytest.fixture
def desk(tmp_path: Path, receiver: Receiver) -> Desk:
    """Give an engine whose only channel is OpenTelemetry."""
    otel = channel("otel", "opentelemetry", endpoint=f"http://localhost:{receiver.port}", traces="true", metrics="true")
    return Desk(tmp_path, open_store("memory://"), otel)


def traced(receiver: Receiver) -> list[Span]:
    """Return the roots of all traces that arrived."""
    return [spans(request)[0] for request in receiver.requests if request.target == "/v1/traces"]


def measured(receiver: Receiver, metric: str) -> list[Point]:
    """Return the points of a metric that arrived."""
    found = [point for request in receiver.requests if request.target == "/v1/metrics" for point in points(request)]
    return [point for point in found if point.metric == metric]


def open_errors(receiver: Receiver) -> list[float]:
    """Return how many errors were open, each time that this was told."""
    told = measured(receiver, "tocsin.alerts.open")
    return [point.value for point in told if point.attributes == {"tocsin.severity": "error"}]


def test_each_run_is_told_once_and_alerts_are_counted(desk: Desk, receiver: Receiver) -> None:
    """Nothing at the start of a run; the number of open alerts whenever it has changed, zero too."""
    desk.report(good_run("run0", outcome=Outcome.RUNNING, ended_at=None, ended=1))
    assert receiver.requests == []
    desk.report(good_run("run0", ended=1))
    assert open_errors(receiver) == []
    desk.report(run("run1", ended=2), run("run2", ended=3))
    assert open_errors(receiver) == [1]
    desk.report(good_run("run3", ended=4))
    assert open_errors(receiver) == [1, 0]
    assert [root.attributes["tocsin.outcome"] for root in traced(receiver)] == [
        "succeeded",
        "failed",
        "failed",
        "succeeded",
    ]
    assert [point.value for point in measured(receiver, "tocsin.runs")] == [1, 1, 1, 1]
    # An exception is told with its traceback, although the feed leaves out what only alerts need.
    assert traced(receiver)[1].events[0][1]["exception.stacktrace"].startswith("Traceback")


def test_what_nobody_takes_waits(desk: Desk, receiver: Receiver) -> None:
    """For as long as the receiver asks; what is told then has the times of the run."""
    receiver.answers(answer(503, retry_after="120"))
    desk.report(good_run("run0", ended=1))
    asked = len(receiver.requests)
    receiver.answers(answer(200))
    desk.tick(minutes=1)
    assert len(receiver.requests) == asked
    desk.tick(minutes=2)
    assert traced(receiver)[-1].ended == at(1).timestamp()
    assert [point.at for point in measured(receiver, "tocsin.runs")][-1] == at(1).timestamp()
    with desk.store.reading() as tx:
        assert tx.notifications(status=Status.WAITING) == []


def test_a_signal_that_is_full_holds_up_no_other(desk: Desk, receiver: Receiver) -> None:
    """Each has a queue of its own."""

    def full_of_metrics(connection: Connection) -> None:
        assert connection.request is not None
        full = connection.request.target == "/v1/metrics"
        (answer(429, retry_after="3600") if full else answer(200))(connection)

    receiver.answers(full_of_metrics)
    desk.report(good_run("run0", ended=1))
    desk.report(good_run("run1", ended=2))
    assert len(traced(receiver)) == 2
    assert len(measured(receiver, "tocsin.runs")) == 1
    desk.now += timedelta(hours=1)
    receiver.answers(answer(200))
    desk.tick(minutes=1)
    assert len(measured(receiver, "tocsin.runs")) == 3


def test_an_alert_that_a_route_sends_here_is_no_failure(desk: Desk, receiver: Receiver) -> None:
    """Nothing is sent for it, and the channel stays in order."""
    desk.report(run("run1", ended=1))
    (told,) = [one for one in desk.decided("otel") if one.reason.tells]
    assert told.status is Status.SENT
    with desk.store.reading() as tx:
        assert tx.channel_state("otel").disabled_at is None
    assert len(traced(receiver)) == 1
