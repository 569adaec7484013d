"""An alert as an event of Sentry: which issue it belongs to, and what the issue shows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from made import alert, at, cause, finding, good_run, run
from tocsin.channels.base import Outgoing
from tocsin.channels.formats.sentry_event import event
from tocsin.core.alert import Alert, advance
from tocsin.core.cause import Cause, CauseClass, Frame, Raised
from tocsin.core.compose import Surroundings, compose
from tocsin.core.explain import reason_key
from tocsin.core.finding import Kind, Topic
from tocsin.core.notify import Reason
from tocsin.core.run import Context, FailedJob, Link, Outcome, Run, Stage, TableLoad
from tocsin.core.severity import Severity

CHAIN = (
    Raised(exception="dlt.pipeline.exceptions.PipelineStepFailed"),
    Raised(exception="dlt.extract.exceptions.ResourceExtractionError"),
    Raised(
        exception="requests.exceptions.HTTPError",
        message="503 Server Error",
        frames=(
            Frame(file="/home/me/shop/orders.py", line=41, function="fetch", own=True),
            Frame(file="/v/lib/site-packages/requests/models.py", line=1021, function="raise_for_status"),
        ),
    ),
)


def sent(told: Alert, of: Run | None = None, *, reason: Reason = Reason.NEW, key: str = "m1", **around: Any) -> Any:
    """Return the event of an alert, as JSON brings it to Sentry."""
    message = compose(told, reason, Surroundings(run=of, **around))
    return json.loads(json.dumps(event(Outgoing(key=key, message=message), release="")))


def failed(because: Cause, run_id: str = "run1", **changes: Any) -> Any:
    """Return the event of a run that failed for this cause."""
    found = finding(reason_key=reason_key(because), run_id=run_id, logical_id=run_id, summary="extract failed")
    told, _ = advance(None, found, new_id=run_id)
    assert told is not None
    return sent(told, run(run_id, cause=because, **changes), key=run_id)


def test_one_issue_for_one_cause() -> None:
    """Two runs that fail for the same reason are one issue, whatever differs in their messages."""
    first = failed(cause(message="503 for url: https://api.example.com/orders?page=7, request 8f3a2c99"))
    second = failed(cause(message="503 for url: https://api.example.com/orders?page=12, request 01bc77ae"), "run2")
    assert first["fingerprint"] == second["fingerprint"]
    assert first["event_id"] != second["event_id"]


@pytest.mark.parametrize(
    "changes",
    [
        {"message": "401 Client Error: Unauthorized"},
        {"exception": "requests.exceptions.ConnectionError"},
        {"cause_class": CauseClass.NETWORK},
        {"resource": "customers"},
        {"step": "load"},
    ],
)
def test_another_issue_for_another_cause(changes: dict[str, Any]) -> None:
    """Another reason, exception or place is another issue."""
    assert failed(cause())["fingerprint"] != failed(cause(**changes))["fingerprint"]


def test_what_makes_the_fingerprint() -> None:
    """It tells topic, pipeline and kind, and the reason; the environment only filters."""
    got = failed(cause(), environment="prod")
    assert got["fingerprint"][:4] == ["tocsin", "delivery", "orders", "failed"]
    assert got["fingerprint"][4] == reason_key(cause())
    late = sent(alert(kind=Kind.LATE, reason_key="late"))
    assert late["fingerprint"] == ["tocsin", "delivery", "orders", "late", "late"]


def test_one_issue_for_one_table() -> None:
    """Problems of two tables of one pipeline are two issues, and the table is a tag."""
    first, second = (
        sent(alert(topic=Topic.VOLUME, kind=Kind.VOLUME, item=name, reason_key="fewer", traits={"table": name}))
        for name in ("orders", "items")
    )
    assert first["fingerprint"] == ["tocsin", "volume", "orders", "volume", "fewer", "orders"]
    assert first["fingerprint"] != second["fingerprint"]
    assert (second["tags"]["pipeline"], second["tags"]["table"]) == ("orders", "items")


def test_tags() -> None:
    """What an issue is searched by: pipeline, place, target, load and kind, in one line each; nothing that is empty."""
    made = failed(
        cause(table="orders\nlines", load_id="1.2"),
        load_ids=("0.1",),
        context=Context(orchestrator="airflow", host="worker-1"),
    )
    assert made["tags"] == {
        "pipeline": "orders",
        "step": "extract",
        "resource": "orders",
        "table": "orders lines",
        "destination": "duckdb",
        "dataset": "shop",
        "load_id": "1.2",
        "outcome": "failed",
        "orchestrator": "airflow",
        "kind": "failed",
        "topic": "delivery",
        "alert": "run1",
    }
    assert made["server_name"] == "worker-1"
    assert made["transaction"] == "orders"
    assert sent(alert(), owner="data-team")["tags"]["owner"] == "data-team"


def test_the_exception_chain() -> None:
    """The innermost exception comes first; the outermost makes the title, so a mere wrapper gets the summary."""
    values = failed(cause(raised=CHAIN))["exception"]["values"]
    assert [(one["type"], one["module"], one["value"]) for one in values] == [
        ("HTTPError", "requests.exceptions", "503 Server Error"),
        ("ResourceExtractionError", "dlt.extract.exceptions", ""),
        ("PipelineStepFailed", "dlt.pipeline.exceptions", "extract failed"),
    ]
    own, library = values[0]["stacktrace"]["frames"]
    assert own == {
        "filename": "orders.py",
        "abs_path": "/home/me/shop/orders.py",
        "function": "fetch",
        "lineno": 41,
        "in_app": True,
    }
    assert (library["filename"], library["in_app"]) == ("requests/models.py", False)


def test_the_users_own_words_stay_the_title() -> None:
    """An outermost exception that has something to say keeps it."""
    [value] = failed(cause(raised=(Raised(exception="ValueError", message="no orders today"),)))["exception"]["values"]
    assert (value["type"], value["value"], "module" in value) == ("ValueError", "no orders today", False)


def test_a_cause_without_a_chain() -> None:
    """What failed without an exception of Python, a command for example, has one value made of its cause."""
    [value] = failed(cause(exception="exit code 3", message="disk full", raised=()))["exception"]["values"]
    assert (value["type"], value["value"]) == ("exit code 3", "disk full")


def test_a_problem_without_an_exception() -> None:
    """What has not begun, is late or stuck shows its text; the cause of another run is not shown as its own."""
    told = alert(kind=Kind.LATE, summary="load takes twice as long as usual", run_id="run2")
    got = sent(told, run(cause=cause()))
    assert "exception" not in got
    assert got["logentry"]["formatted"].startswith("orders is late\n\n")
    assert "exception" not in sent(told)


def test_figures_of_the_run() -> None:
    """Contexts tell what happened with which figures, what to do, and where the log is."""
    of = run(
        tables=tuple(TableLoad(table=f"t{number:02}", rows=number) for number in range(60)),
        load_ids=("1.1", "1.2"),
        pending_packages=("1.2",),
        context=Context(links=(Link(label="Log", url="https://ci.example.com/1"),)),
    )
    contexts = sent(alert(), of, blocks=("revenue",))["contexts"]
    assert contexts["alert"] == {
        "summary": "extract of orders failed: 503 Server Error",
        "what to do": "Run it again later.",
        "since": "2026-11-23T12:00:00+00:00",
        "times in a row": 1,
        "told because": "new problem",
        "blocks": ["revenue"],
    }
    assert contexts["run"]["seconds"] == 60
    assert contexts["run"]["load packages"] == ["1.1", "1.2"]
    assert contexts["run"]["packages that wait"] == ["1.2"]
    assert contexts["links"] == {"Log": "https://ci.example.com/1"}
    assert list(contexts["rows"].items())[:2] == [("t59", 59), ("t58", 58)]
    assert contexts["rows"]["+10 more tables"] == sum(range(10))


def test_failed_jobs_are_told() -> None:
    """A run that dlt calls a success shows which tables are incomplete."""
    of = run(
        cause=None,
        outcome=Outcome.PARTIAL,
        stage=Stage.LOAD,
        failed_jobs=(FailedJob(job="items.1.jsonl", table="items", message="no such column"),),
    )
    assert "items: no such column" in sent(alert(kind=Kind.PARTIAL), of)["logentry"]["formatted"]


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        (Severity.CRITICAL, "fatal"),
        (Severity.ERROR, "error"),
        (Severity.WARNING, "warning"),
        (Severity.INFO, "info"),
    ],
)
def test_level(severity: Severity, level: str) -> None:
    """Each severity has a level."""
    assert sent(alert(severity=severity))["level"] == level


@pytest.mark.parametrize(
    ("environment", "told"),
    [("prod", "prod"), ("eu/prod\nblue", "eu-prod blue"), ("x" * 100, "x" * 64)],
)
def test_environment(environment: str, told: str) -> None:
    """Names that Sentry does not take for an environment are made fit."""
    assert sent(alert(environment=environment))["environment"] == told


def test_a_channel_that_cannot_deliver() -> None:
    """Alerts about Tocsin's own channels are issues as well; they belong to no environment."""
    told = alert(kind=Kind.CHANNEL, topic=Topic.CHANNEL, subject="ops", environment="", reason_key="disabled")
    got = sent(told)
    assert got["fingerprint"] == ["tocsin", "channel", "ops", "channel", "disabled"]
    assert got["tags"]["channel"] == "ops"
    assert "environment" not in got


def test_traces_are_joined() -> None:
    """The event belongs to the trace of its run, and the attempts of one logical run to one trace."""
    first, second = good_run("a", logical_id="dag-1"), run("b", logical_id="dag-1")
    of_first, of_second = (sent(alert(run_id=one.id), one)["contexts"]["trace"] for one in (first, second))
    assert of_first["trace_id"] == of_second["trace_id"]
    assert of_first["span_id"] != of_second["span_id"]
    assert sent(alert(), replace(first, logical_id=""))["contexts"]["trace"]["trace_id"] != of_first["trace_id"]


def test_texts_from_outside_stay_texts() -> None:
    """Control characters of an exception do not reach Sentry, and a long text is cut and says so."""
    [value] = failed(cause(raised=(Raised(exception="E", message="\x1b[31mred\x00\u202e"),)))["exception"]["values"]
    assert value["value"] == "red"
    long = sent(alert(summary="x" * 20_000, since=at(-5)))
    assert len(long["logentry"]["formatted"]) <= 8_000
    assert "characters left out" in long["logentry"]["formatted"]
