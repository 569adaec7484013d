"""Runs as transactions and check-ins of Sentry, and which runs are told at all."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from made import at, cause, good_run, run
from tocsin.channels.base import Outgoing
from tocsin.channels.formats.sentry_check_in import check_in, slug
from tocsin.channels.formats.sentry_transaction import transaction
from tocsin.core.cause import CauseClass
from tocsin.core.codec import decode, encode
from tocsin.core.expectation import Expectation
from tocsin.core.feed import Feed, News, news_of
from tocsin.core.message import Message, Tone
from tocsin.core.run import Context, Outcome, Progress, Run, Stage, Step, TableLoad
from tocsin.core.schedule import Schedule

DAILY = Schedule(text="0 6 * * *", timezone="Europe/Berlin")
STEPS = (
    Step(stage=Stage.EXTRACT, started_at=at(4), ended_at=at(4.5)),
    Step(stage=Stage.LOAD, started_at=at(4.5), ended_at=at(5)),
)


def expectation(schedule: Schedule = DAILY, **changes: Any) -> Expectation:
    """Return what is expected of "orders"."""
    return Expectation(
        pipeline="orders",
        environment="default",
        schedule=schedule,
        start_within=timedelta(minutes=15),
        anchor=at(0),
        computed_to=at(0),
        **changes,
    )


def traced(of: Run, *, plain: bool = False) -> Any:
    """Return the transaction of a run, as JSON brings it to Sentry."""
    outgoing = Outgoing(key="m1", message=Message(title="", tone=Tone.INFO, at=at(0)), plain=plain)
    return json.loads(json.dumps(transaction(outgoing, of, release="orders@1")))


def checked(of: Run, schedule: Schedule = DAILY, *, plain: bool = False, **changes: Any) -> Any:
    """Return the check-in of a run of a pipeline with this schedule."""
    news = news_of(Feed.CHECK_INS, of, expectation(schedule, **changes))
    assert news is not None
    return json.loads(json.dumps(check_in(news, plain=plain)))


def test_a_run_is_a_transaction() -> None:
    """It has the times of the run's own clock, its tags, its rows, and a span for each step."""
    got = traced(good_run(steps=STEPS, tables=(TableLoad(table="orders", rows=7), TableLoad(table="_dlt_x", rows=1))))
    assert (got["type"], got["transaction"], got["release"]) == ("transaction", "orders", "orders@1")
    assert (got["start_timestamp"], got["timestamp"]) == (at(4).timestamp(), at(5).timestamp())
    assert got["contexts"]["trace"]["status"] == "ok"
    assert got["measurements"] == {"rows": {"value": 7, "unit": "none"}}
    assert got["tags"]["outcome"] == "succeeded"
    extract, load = got["spans"]
    assert (extract["op"], extract["description"], extract["status"]) == ("run.extract", "extract of orders", "ok")
    assert load["timestamp"] - load["start_timestamp"] == 30
    assert load["data"] == {"rows.orders": 7}
    assert {span["parent_span_id"] for span in got["spans"]} == {got["contexts"]["trace"]["span_id"]}
    assert {span["trace_id"] for span in got["spans"]} == {got["contexts"]["trace"]["trace_id"]}
    assert extract["span_id"] != load["span_id"]
    assert traced(good_run(steps=STEPS), plain=True)["spans"] == []


@pytest.mark.parametrize(
    ("of", "status"),
    [
        (good_run(), "ok"),
        (good_run(outcome=Outcome.NO_DATA), "ok"),
        (good_run(outcome=Outcome.PENDING_ONLY), "ok"),
        (good_run(outcome=Outcome.PARTIAL), "data_loss"),
        (good_run(outcome=Outcome.EXITED), "aborted"),
        (good_run(outcome=Outcome.INTERRUPTED), "cancelled"),
        (good_run(outcome=Outcome.ABORTED), "cancelled"),
        (good_run(outcome=Outcome.DIED), "aborted"),
        (good_run(outcome=Outcome.DIED, ended_by="out of memory (SIGKILL)"), "resource_exhausted"),
        (run(cause=None), "internal_error"),
        (run(cause=cause(cause_class=CauseClass.CODE)), "internal_error"),
        (run(cause=cause(cause_class=CauseClass.DESTINATION)), "internal_error"),
        (run(cause=cause(cause_class=CauseClass.SERVER_ERROR)), "unavailable"),
        (run(cause=cause(cause_class=CauseClass.CREDENTIALS)), "unauthenticated"),
        (run(cause=cause(cause_class=CauseClass.RATE_LIMIT)), "resource_exhausted"),
        (run(cause=cause(exception="requests.exceptions.ReadTimeout")), "deadline_exceeded"),
    ],
)
def test_status(of: Run, status: str) -> None:
    """Each end has a status of Sentry's."""
    assert traced(of)["contexts"]["trace"]["status"] == status


def test_the_step_that_broke() -> None:
    """Steps that went well stay so; the one that did not come to its end ended with the run and as the run did."""
    steps = (*STEPS[:1], Step(stage=Stage.LOAD, started_at=at(4.5)))
    first, last = traced(good_run(outcome=Outcome.DIED, steps=steps))["spans"]
    assert (first["status"], last["status"]) == ("ok", "aborted")
    assert last["timestamp"] == at(5).timestamp()
    # The last sign of life may be older than the last step.
    late = (Step(stage=Stage.LOAD, started_at=at(6)),)
    [span] = traced(good_run(outcome=Outcome.DIED, steps=late))["spans"]
    assert span["timestamp"] == span["start_timestamp"]


def test_start_and_end_are_one_check_in() -> None:
    """Both have the same id, and the end tells how long it took; another run is another check-in."""
    begun = checked(good_run(outcome=Outcome.RUNNING, ended_at=None))
    ended, bad = checked(good_run()), checked(run("run3"))
    assert [one["status"] for one in (begun, ended, bad)] == ["in_progress", "ok", "error"]
    assert begun["check_in_id"] == ended["check_in_id"] != bad["check_in_id"]
    assert "duration" not in begun
    assert ended["duration"] == 60
    assert ended["monitor_slug"] == "orders"
    assert ended["environment"] == "default"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0 6 * * *", {"type": "crontab", "value": "0 6 * * *"}),
        ("@daily", {"type": "crontab", "value": "@daily"}),
        ("@midnight", {"type": "crontab", "value": "@daily"}),
        ("every 15m", {"type": "interval", "value": 15, "unit": "minute"}),
        ("every 90m", {"type": "interval", "value": 90, "unit": "minute"}),
        ("every 6h", {"type": "interval", "value": 6, "unit": "hour"}),
        ("every 48h", {"type": "interval", "value": 2, "unit": "day"}),
        ("every 1w", {"type": "interval", "value": 1, "unit": "week"}),
        # Sentry counts in minutes.
        ("every 30s", {"type": "interval", "value": 1, "unit": "minute"}),
        ("every 90s", {"type": "interval", "value": 2, "unit": "minute"}),
    ],
)
def test_the_monitor_of_a_schedule(text: str, told: dict[str, object]) -> None:
    """A cron line stays what it is, and a repetition becomes an interval."""
    config = checked(good_run(), Schedule(text=text, timezone="Europe/Berlin"))["monitor_config"]
    assert config == {"schedule": told, "timezone": "Europe/Berlin", "checkin_margin": 15, "max_runtime": 40_320}


def test_limits_of_the_monitor() -> None:
    """The longest run is what the configuration asks for, in whole minutes; where nobody asks, it is Sentry's most."""
    config = checked(good_run(), finish_within=timedelta(seconds=90))["monitor_config"]
    assert config["max_runtime"] == 2


def test_schedules_that_no_monitor_knows() -> None:
    """A calendar event cannot be told to Sentry, so the monitor is left as it is there; so it is after a refusal."""
    assert "monitor_config" not in checked(good_run(), Schedule(text="Mon..Fri 06:00"))
    assert "monitor_config" not in checked(good_run(), plain=True)


@pytest.mark.parametrize(
    ("pipeline", "told"),
    [("orders", "orders"), ("orders_v2-eu", "orders_v2-eu"), ("x" * 50, "x" * 50)],
)
def test_a_slug_is_the_name_where_it_can_be(pipeline: str, told: str) -> None:
    """Most names of pipelines are names of monitors."""
    assert slug(pipeline) == told


@pytest.mark.parametrize("pipeline", ["Orders (EU)", "42", "x" * 51, "日次", "", "a/b", "-x-"])
def test_a_slug_that_has_to_differ(pipeline: str) -> None:
    """Other names become one that Sentry takes, with a hash so that two pipelines never share a monitor."""
    made = slug(pipeline)
    assert len(made) <= 50
    assert made.replace("-", "").replace("_", "").isalnum()
    assert made.isascii()
    assert made == made.lower()
    assert not made.isdigit()
    assert made != slug(f"{pipeline} ")


def test_which_runs_are_told() -> None:
    """Traces tell every end; check-ins only runs that a written schedule waits for."""
    running = good_run(outcome=Outcome.RUNNING, ended_at=None)
    learned = expectation(Schedule(text="every 1h", source="learned from 14 runs"))
    backfill = good_run(context=Context(names={"run_type": "backfill"}))
    assert news_of(Feed.TRACES, running, expectation()) is None
    assert news_of(Feed.TRACES, backfill, None) is not None
    assert news_of(Feed.CHECK_INS, running, expectation()) is not None
    assert [news_of(Feed.CHECK_INS, good_run(), each) for each in (None, learned)] == [None, None]
    assert news_of(Feed.CHECK_INS, backfill, expectation()) is None


@pytest.mark.parametrize("feed", [Feed.TRACES, Feed.CHECK_INS, Feed.METRICS])
def test_news_are_short_and_survive_the_outbox(feed: Feed) -> None:
    """News of a run leave out what only alerts tell, and are the same after they were written down."""
    of = run(progress=Progress(moved_at=at(0), stage=Stage.LOAD), cause=cause(hint="a hint", traceback="long"))
    news = news_of(feed, of, expectation())
    assert news is not None
    assert news.run.progress is None
    assert "a hint" not in json.dumps(encode(news))
    # In a trace it stands at the step that failed.
    assert ("long" in json.dumps(encode(news))) == (feed is Feed.TRACES)
    assert decode(News, json.loads(json.dumps(encode(news)))) == news
