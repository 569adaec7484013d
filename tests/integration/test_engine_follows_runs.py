"""What a channel that follows runs is told, and that it holds up nobody: an engine, a store and a real receiver."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from desk import Desk, channel
from desk import event as report_of
from envelopes import by_type, dsn, items
from made import at, good_run, run
from receiver import Receiver, answer
from stores import NewStore
from tocsin.capture.spool import Spool
from tocsin.config.model import Config, PipelineConfig
from tocsin.core.outbox import ChannelState, Status
from tocsin.core.run import Outcome, Process, Run
from tocsin.core.schedule import Schedule
from tocsin.engine.embedded import Embedded
from tocsin.engine.follow import follow
from tocsin.store.protocol import Store

DAILY = PipelineConfig(schedule=Schedule(text="0 12 * * *"), finish_within=timedelta(hours=2))


def opened(
    store: Store, folder: Path, receiver: Receiver, *more: str, sentry: dict[str, str] | None = None, **settings: Any
) -> Desk:
    """Return an engine with a Sentry channel, and further channels."""
    scheduled = {"pipelines": {"orders": DAILY}, **settings}
    desk = Desk(folder, store, channel("sentry", "sentry", dsn=dsn(receiver), **(sentry or {})), *more, **scheduled)
    # The schedule of the configuration is taken by whoever watches.
    object.__setattr__(desk.engine, "watching", True)
    desk.tick()
    return desk


def begun(run_id: str = "run2") -> Run:
    """Return the run of `good_run` at its beginning."""
    return good_run(run_id, outcome=Outcome.RUNNING, ended_at=None)


def state(desk: Desk, name: str) -> ChannelState:
    """Return what is remembered of a channel or of a feed."""
    with desk.store.reading() as tx:
        return tx.channel_state(name)


def test_a_good_run(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """A run that goes well checks in at its start and at its end, and leaves a trace; it is no issue."""
    desk = opened(new_store(), tmp_path, receiver)
    desk.report(begun())
    assert [one["status"] for one in items(receiver.requests, "check_in")] == ["in_progress"]
    desk.report(good_run())
    first, last = items(receiver.requests, "check_in")
    assert (first["check_in_id"], last["status"]) == (last["check_in_id"], "ok")
    assert last["monitor_config"] == {
        "schedule": {"type": "crontab", "value": "0 12 * * *"},
        "timezone": "UTC",
        "checkin_margin": 15,
        "max_runtime": 120,
    }
    [trace] = items(receiver.requests, "transaction")
    assert (trace["transaction"], trace["contexts"]["trace"]["status"]) == ("orders", "ok")
    assert items(receiver.requests, "event") == []


def test_the_same_report_twice(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """A report that is taken in again is told once, and so is one that another engine has taken in before."""
    desk = opened(new_store(), tmp_path, receiver)
    desk.report(good_run(), good_run())
    with desk.store.writing() as tx:
        follow(desk.engine, tx, good_run())
    desk.tick()
    assert len(items(receiver.requests, "transaction")) == 1


def test_a_bad_run(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """A run that fails is an event, an error of its monitor and a trace, and all three are joined."""
    desk = opened(new_store(), tmp_path, receiver)
    desk.report(run())
    [event], [check_in], [trace] = (items(receiver.requests, kind) for kind in ("event", "check_in", "transaction"))
    assert (event["level"], check_in["status"]) == ("error", "error")
    assert len({str(one["contexts"]["trace"]["trace_id"]) for one in (event, check_in, trace)}) == 1


def test_a_run_that_died(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """What its own process could not report any more is told as well."""
    desk = opened(new_store(), tmp_path, receiver)
    desk.report(good_run(outcome=Outcome.RUNNING, ended_at=None, process=Process(pid=1, machine="elsewhere")))
    desk.tick(minutes=10)
    assert [one["status"] for one in items(receiver.requests, "check_in")] == ["in_progress", "error"]
    [trace] = items(receiver.requests, "transaction")
    assert trace["tags"]["outcome"] == "died"


def test_a_pipeline_without_a_schedule(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """Nobody waits for its runs, so they are traced and do not check in."""
    desk = opened(new_store(), tmp_path, receiver, pipelines={})
    desk.report(begun(), good_run())
    assert items(receiver.requests, "check_in") == []
    assert len(items(receiver.requests, "transaction")) == 1


def test_nothing_is_written_where_nobody_follows(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """Runs leave no rows in the outbox for other channels, nor for a Sentry that wants neither feed."""
    desk = opened(new_store(), tmp_path, receiver, "file", sentry={"traces": "false", "check_ins": "false"})
    desk.report(begun(), good_run())
    assert desk.decided() == []
    assert receiver.requests == []


def test_traces_that_have_to_wait_hold_up_no_event(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """A rate limit of transactions pauses them all, and neither events nor check-ins."""
    limited = answer(429, x_sentry_rate_limits="600:transaction;span:organization")
    receiver.answers(by_type(transaction=[limited, answer(200)]))
    desk = opened(new_store(), tmp_path, receiver)
    desk.report(good_run("run1"), good_run("run2", ended=6), run("run3", ended=7))
    assert len(items(receiver.requests, "transaction")) == 1
    assert len(items(receiver.requests, "check_in")) == 3
    assert len(items(receiver.requests, "event")) == 1

    desk.tick(minutes=5)
    assert len(items(receiver.requests, "transaction")) == 1
    desk.tick(minutes=6)
    desk.tick()
    traced = items(receiver.requests, "transaction")
    assert {trace["contexts"]["trace"]["data"]["run_id"] for trace in traced[1:]} == {"run1", "run2", "run3"}
    assert {one.status for one in desk.decided()} == {Status.SENT}


def test_a_pause_that_comes_with_a_success(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """What was accepted is done, and nothing more of its kind is sent until the pause is over."""
    receiver.answers(by_type(transaction=[answer(200, x_sentry_rate_limits="60:transaction:key"), answer(200)]))
    desk = opened(new_store(), tmp_path, receiver)
    desk.report(good_run("run1"), good_run("run2", ended=5))
    assert len(items(receiver.requests, "transaction")) == 1
    assert len(items(receiver.requests, "check_in")) == 2
    desk.tick(minutes=1.1)
    assert len(items(receiver.requests, "transaction")) == 2


def test_nothing_is_lost_while_sentry_is_down(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """Events, check-ins and traces that met a 500 all arrive when the server is well again, each once accepted."""
    receiver.answers(answer(500))
    desk = opened(new_store(), tmp_path, receiver)
    desk.report(run("run1"), good_run("run2", ended=5))
    for _ in range(3):
        desk.tick(minutes=20)
    assert {one.status for one in desk.decided()} == {Status.WAITING}
    arrived = len(receiver.requests)
    receiver.answers(answer(200))
    desk.tick(minutes=20)
    later = receiver.requests[arrived:]
    assert [len(items(later, kind)) for kind in ("event", "check_in", "transaction")] == [1, 2, 2]


def test_a_long_queue_hides_no_other(
    tmp_path: Path, new_store: NewStore, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many traces wait that are newer, an older event is sent when its time has come."""
    monkeypatch.setattr("tocsin.engine.deliver._SEEN", 3)
    limited = answer(429, x_sentry_rate_limits="3600:transaction:key")
    receiver.answers(by_type(transaction=[limited], event=[answer(500), answer(200)]))
    desk = opened(new_store(), tmp_path, receiver, pipelines={})
    desk.report(run("run0"), *(good_run(f"run{number}", pipeline="other", ended=number) for number in range(2, 7)))
    assert len(items(receiver.requests, "event")) == 1
    desk.tick(minutes=5)
    assert [one.status for one in desk.decided("sentry")] == [Status.SENT]


def test_others_do_not_hear_of_runs(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """Where Sentry refuses what it is told of runs, other channels hear that it does, and not of the runs."""
    receiver.answers(by_type(transaction=[answer(403)]))
    desk = opened(new_store(), tmp_path, receiver, "file")
    desk.report(good_run("run1"), good_run("run2", ended=6))
    assert desk.heard("file") == ["channel sentry/traces cannot deliver"]
    assert "tocsin channel test sentry" in str(desk.messages("file")[0])
    assert len(items(receiver.requests, "transaction")) == 1
    # Sentry itself still takes events, and is told too.
    assert [event["tags"]["channel"] for event in items(receiver.requests, "event")] == ["sentry/traces"]


def test_a_refused_form_is_sent_once_more_in_plain(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """A trace that is refused goes out without its spans, and when that is refused too others hear that it was."""
    receiver.answers(by_type(transaction=[answer(400)]))
    desk = opened(new_store(), tmp_path, receiver, "file")
    desk.report(good_run())
    desk.tick()
    assert len(items(receiver.requests, "transaction")) == 2
    assert [one.status for one in desk.decided("sentry/traces")] == [Status.DEAD]
    assert desk.heard("file") == ["channel sentry/traces cannot deliver"]


def test_old_news_are_given_up(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """Where Sentry takes fewer traces than there are runs, the queue does not grow for ever."""
    receiver.answers(by_type(transaction=[answer(200, x_sentry_rate_limits="86400:transaction:key")]))
    desk = opened(new_store(), tmp_path, receiver, "file", pipelines={})
    desk.report(*(good_run(f"run{number}", ended=number) for number in range(1, 5)))
    desk.tick(minutes=5 * 24 * 60)
    statuses = [one.status for one in desk.decided("sentry/traces")]
    assert (statuses.count(Status.SENT), statuses.count(Status.DEAD)) == (1, 3)
    assert len(items(receiver.requests, "transaction")) == 1
    assert desk.heard("file") == []


def test_what_is_not_sent_says_nothing_of_the_receiver(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """A recovery, which Sentry has no use for, does not count as a sign that Sentry is well."""
    desk = opened(new_store(), tmp_path, receiver, sentry={"traces": "false", "check_ins": "false"})
    desk.report(run("run1"))
    before = state(desk, "sentry")
    desk.report(good_run("run2", ended=9))
    recovered = desk.decided("sentry")[-1]
    assert recovered.status is Status.SENT
    assert desk.deliveries("sentry")[-1].answer == "nothing was sent: issues are resolved in Sentry"
    assert state(desk, "sentry") == before
    assert len(receiver.requests) == 1


def test_a_late_report_of_an_end_corrects_a_death(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """A run that was taken for dead and then reports a good end is told again."""
    desk = opened(new_store(), tmp_path, receiver)
    desk.report(good_run(outcome=Outcome.RUNNING, ended_at=None, process=Process(pid=1, machine="elsewhere")))
    desk.tick(minutes=10)
    desk.report(good_run(ended_at=at(12)))
    assert [one["status"] for one in items(receiver.requests, "check_in")] == ["in_progress", "error", "ok"]


def test_a_companion_looks_when_there_is_news(tmp_path: Path, receiver: Receiver) -> None:
    """Where a channel follows runs, what is reported between two looks is seen at once; elsewhere it can wait."""
    sentry = channel("sentry", "sentry", dsn=dsn(receiver))
    file = channel("file", path=str(tmp_path / "file"))
    for name, configured in (("follows", sentry), ("waits", file)):
        config = Config(home=tmp_path / name, store=f"sqlite:///{tmp_path}/{name}.db", channels=(configured,))
        spool = Spool(config.home)
        with closing(Embedded(config, process=Process(pid=1))) as embedded:
            assert not embedded.has_news()
            embedded.run()
            assert not embedded.has_news()
            spool.put(report_of(good_run()))
            assert embedded.has_news() == (configured is sentry)
            embedded.run()
            assert not embedded.has_news()
    assert len(items(receiver.requests, "transaction")) == 1
