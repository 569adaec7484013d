"""Messages on their way to real receivers that do not want them, not now, or not any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk import Desk, channel
from made import at, good_run, run
from receiver import Receiver, answer, raw_then_reset, receiving
from stores import NewStore
from tocsin.config.model import ChannelConfig
from tocsin.core.matchers import parse_matcher
from tocsin.core.outbox import ChannelState, Status
from tocsin.core.route import LABELS, Route
from tocsin.core.run import Outcome

#: Problems of pipelines go to the webhook; everything else, the state of the webhook for example, to everybody.
TO_THE_HOOK = (Route(name="hook", matchers=(parse_matcher('topic="delivery"', labels=LABELS),), channels=("hook",)),)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the proxies of the machine out."""
    monkeypatch.setenv("NO_PROXY", "localhost")


@pytest.fixture
def desk(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> Desk:
    """Give an engine with a webhook, which alone hears of problems, and a file that stands in for it."""
    return Desk(tmp_path, new_store(), hook(receiver), "spare", routes=TO_THE_HOOK)


def hook(receiver: Receiver, **settings: str) -> ChannelConfig:
    """Return the configuration of the webhook."""
    return channel("hook", "webhook", **({"url": receiver.url} | settings))


def titles(receiver: Receiver) -> list[str]:
    """Return the titles that arrived, in their order."""
    return [request.json["title"] for request in receiver.requests]


def keys(receiver: Receiver) -> list[str]:
    """Return the idempotency keys that arrived."""
    return [request.headers["webhook-id"] for request in receiver.requests]


def state(desk: Desk, name: str = "hook") -> ChannelState:
    """Return what is remembered of a channel."""
    with desk.store.reading() as tx:
        return tx.channel_state(name)


def test_a_server_with_a_bad_moment_gets_the_message_again(desk: Desk, receiver: Receiver) -> None:
    """After a 500 the same message comes again with the same key, and both answers are kept."""
    receiver.answers(answer(500, "out of order"), answer(200, "ok"))
    desk.report(run())
    assert [one.status for one in desk.decided("hook")] == [Status.WAITING]

    desk.tick(minutes=1)

    assert titles(receiver) == ["orders failed"] * 2
    assert len(set(keys(receiver))) == 1
    assert [(each.ok, each.status) for each in desk.deliveries("hook")] == [(False, 500), (True, 200)]
    assert "out of order" in desk.deliveries("hook")[0].answer
    assert [one.status for one in desk.decided("hook")] == [Status.SENT]
    assert desk.heard("spare") == []


def test_an_answer_that_never_came_repeats_the_message_with_its_key(desk: Desk, receiver: Receiver) -> None:
    """Nobody knows whether it arrived: the receiver can tell by the key that it has it already."""
    receiver.answers(raw_then_reset(), answer(200))
    desk.report(run())
    desk.tick(minutes=1)

    assert len(receiver.requests) == 2
    assert len(set(keys(receiver))) == 1


def test_a_receiver_that_asks_for_patience_gets_it_for_all_messages(desk: Desk, receiver: Receiver) -> None:
    """A 429 with Retry-After defers the whole channel for as long, and loses nothing."""
    receiver.answers(answer(429, retry_after="600"), answer(200))
    desk.report(run())
    desk.report(run("other", ended=2, pipeline="stock"), run("third", ended=3, pipeline="users"))
    desk.tick(minutes=6)
    assert titles(receiver) == ["orders failed"]

    desk.tick(minutes=5)

    assert sorted(titles(receiver)[1:]) == ["orders failed", "stock failed", "users failed"]
    assert {one.status for one in desk.decided("hook")} == {Status.SENT}
    assert desk.heard("spare") == []


def test_a_message_that_is_refused_goes_out_in_plain_form_and_then_elsewhere(desk: Desk, receiver: Receiver) -> None:
    """After two refusals others are told: of the problem, and that this channel could not tell it."""
    receiver.answers(answer(400, "invalid_blocks"))
    desk.report(run())

    assert [request.json["data"] is None for request in receiver.requests] == [False, True]
    assert desk.decided("hook")[0].status is Status.DEAD
    assert sorted(desk.heard("spare")) == ["channel hook cannot deliver", "orders failed"]
    assert "invalid_blocks" in desk.deliveries("hook")[0].answer

    receiver.answers(answer(200))
    desk.report(good_run("r9", ended=5, pipeline="stock"), run("r8", ended=6, pipeline="stock"))

    assert titles(receiver)[-1] == "stock failed"
    assert desk.heard("spare")[2:] == ["channel hook delivers again after 5 min"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_receiver_that_refuses_us_is_left_alone_until_it_is_mended(
    desk: Desk, receiver: Receiver, status: int
) -> None:
    """The channel is disabled and others are told; new settings enable it, and what it missed is sent in order."""
    receiver.answers(answer(status))
    desk.report(run())
    desk.report(run("r2", ended=2, outcome=Outcome.PARTIAL, cause=None))
    desk.tick(minutes=600)

    assert titles(receiver) == ["orders failed"]
    assert state(desk).disabled_at == at(1)
    assert sorted(desk.heard("spare")[:2]) == ["channel hook cannot deliver", "orders failed"]

    receiver.answers(answer(200))
    desk.open(hook(receiver, authorization="Bearer new"), "spare", routes=TO_THE_HOOK)
    desk.report(good_run(ended=700))

    assert titles(receiver)[1:] == [
        "orders failed",
        "orders loaded only a part of its data (2nd time in a row)",
        "orders recovered after 11 h 39 min",
    ]
    assert state(desk).disabled_at is None
    assert "channel hook delivers again after 11 h 39 min" in desk.heard("spare")


def test_without_anybody_else_nothing_is_lost(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """The only channel was revoked: once it is mended, the problem that nobody could be told is told."""
    desk = Desk(tmp_path, new_store(), hook(receiver))
    receiver.answers(answer(410))
    desk.report(run())
    desk.tick(minutes=60)

    receiver.answers(answer(200))
    desk.open(hook(receiver, authorization="Bearer new"))
    desk.tick(minutes=1)

    assert titles(receiver) == ["orders failed"] * 2


def test_a_receiver_that_was_down_for_a_day_gets_its_messages_in_order(desk: Desk, receiver: Receiver) -> None:
    """Everything that happened arrives when it is back, the problem before its end, and no more than that."""
    receiver.deaf = True
    desk.report(run())
    for _ in range(24 * 4):
        desk.tick(minutes=15)
    assert sorted(desk.heard("spare")[:2]) == ["channel hook cannot deliver", "orders failed"]
    desk.report(good_run(ended=24 * 60 + 10))

    receiver.deaf = False
    for _ in range(4):
        desk.tick(minutes=15)

    assert titles(receiver) == ["orders failed", "orders recovered after 1 d"]
    assert "orders recovered after 1 d" in desk.heard("spare")
    assert "channel hook delivers again" in desk.heard("spare")[-1]
    assert {one.status for one in desk.decided("hook")} == {Status.SENT}


def test_news_that_come_after_a_fallback_reach_it_too(desk: Desk, receiver: Receiver) -> None:
    """Who stands in for a channel hears of each change, not of the first one only."""
    receiver.answers(answer(400))
    desk.report(run())
    desk.report(run("r2", ended=2, outcome=Outcome.PARTIAL, cause=None))
    desk.report(good_run())

    pipeline = [title for title in desk.heard("spare") if title.startswith("orders")]
    assert pipeline == [
        "orders failed",
        "orders loaded only a part of its data (2nd time in a row)",
        "orders recovered after 4 min",
    ]


def test_a_stand_in_is_not_told_every_minute(desk: Desk, receiver: Receiver) -> None:
    """A pipeline that fails all the time, on a channel that refuses all, is told elsewhere once an interval."""
    receiver.answers(answer(400))
    for minute in range(1, 31):
        desk.report(run(f"run{minute}", ended=minute))

    assert sorted(desk.heard("spare")) == ["channel hook cannot deliver", "orders failed"]
    desk.report(run("run300", ended=300))
    assert desk.heard("spare").count("orders failed (31st time in a row)") == 1


def test_a_fallback_that_is_configured_is_the_only_one(tmp_path: Path, new_store: NewStore, receiver: Receiver) -> None:
    """The named channel is told what this one could not deliver; one that cannot be used is passed over."""
    receiver.answers(answer(400))
    configs = (
        channel("hook", "webhook", url=receiver.url, fallback="mail"),
        channel("other", "webhook", url=receiver.url, fallback="broken"),
        channel("broken", "slack"),
    )
    desk = Desk(tmp_path, new_store(), *configs, "mail", "spare", routes=TO_THE_HOOK)
    desk.report(run())
    assert "orders failed" in desk.heard("mail")
    assert "orders failed" not in desk.heard("spare")

    desk.open(*configs, "mail", "spare", routes=(Route(name="all", channels=("other",)),))
    desk.report(run("s1", pipeline="stock"))
    assert "stock failed" in desk.heard("spare")
    assert "stock failed" in desk.heard("mail")


def test_no_channel_is_told_that_it_cannot_be_told(tmp_path: Path, new_store: NewStore) -> None:
    """Two channels that are both broken are told of each other, not of themselves, and come to an end."""
    with receiving() as one, receiving() as two:
        for each in (one, two):
            each.answers(answer(400))
        desk = Desk(tmp_path, new_store(), channel("a", "webhook", url=one.url), channel("b", "webhook", url=two.url))
        desk.report(run())
        desk.say(text="hello")
        desk.tick(minutes=1)

        assert set(titles(one)) == {"orders failed", "hello", "channel b cannot deliver"}
        assert set(titles(two)) == {"orders failed", "hello", "channel a cannot deliver"}


def test_a_channel_that_was_removed_hands_over_what_it_owed(desk: Desk, receiver: Receiver) -> None:
    """Another program may know the channel, so it gets its time; then others are told."""
    receiver.answers(answer(500))
    desk.report(run())
    desk.open("spare")
    desk.tick(minutes=5)
    assert desk.decided("hook")[0].status is Status.WAITING

    desk.tick(minutes=15)

    (owed,) = desk.decided("hook")
    assert (owed.status, owed.last_error) == (Status.DEAD, "no channel is called 'hook' any more")
    assert desk.heard("spare").count("orders failed") == 1


def test_a_channel_that_is_known_elsewhere_keeps_its_messages(desk: Desk, receiver: Receiver) -> None:
    """A program without this channel, on the same store, leaves its messages to the one that has it."""
    receiver.answers(answer(500), answer(200))
    desk.report(run())
    other = Desk(desk.home, desk.store, "spare")
    other.now = at(4)
    other.tick()
    desk.tick(minutes=4)

    assert titles(receiver) == ["orders failed"] * 2
    assert [one.status for one in desk.decided("hook")] == [Status.SENT]
