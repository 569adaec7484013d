"""What every store promises about events that a server was given."""

from __future__ import annotations

import threading
from datetime import timedelta

from made import at, run
from tocsin.core.inbox import Received
from tocsin.store.protocol import Store

_BEHIND = timedelta(minutes=-5, microseconds=1)


def _received(event_id: str, *, minutes: float = 0, text: str = "{}", ahead: timedelta = timedelta(0)) -> Received:
    return Received(event_id=event_id, text=text, at=at(minutes), clock_ahead=ahead)


def test_events_wait_in_the_order_in_which_they_came(store: Store) -> None:
    """Each with its text and its clock, and only until it is dropped."""
    text = '{"note": "Łódź \\u0000 \\ud800"}'
    with store.appending() as tx:
        assert tx.receive([_received("b", text=text, ahead=_BEHIND), _received("a")]) == 2
    with store.appending() as tx:
        assert tx.receive([_received("c")]) == 1

    with store.reading() as tx:
        waiting = tx.received(10)
        assert [one.event_id for one in tx.received(2)] == ["b", "a"]
    assert [one.event_id for one in waiting] == ["b", "a", "c"]
    assert (waiting[0].text, waiting[0].clock_ahead, waiting[0].at) == (text, _BEHIND, at(0))

    with store.writing() as tx:
        tx.drop_received([waiting[0].number, waiting[2].number])
        assert [one.event_id for one in tx.received(10)] == ["a"]
        assert tx.due(at(0)).events
        tx.drop_received([waiting[1].number])
        assert not tx.due(at(0)).events


def test_an_event_waits_once(store: Store) -> None:
    """Sent twice, in one request or in two, it is there once, and the first of the two counts."""
    with store.appending() as tx:
        assert tx.receive([_received("a", text="1"), _received("a", text="2"), _received("b")]) == 2
    with store.appending() as tx:
        assert tx.receive([_received("b"), _received("a", text="3"), _received("c")]) == 1
        assert tx.receive([]) == 0
    with store.reading() as tx:
        assert sorted((one.event_id, one.text) for one in tx.received(10)) == [("a", "1"), ("b", "{}"), ("c", "{}")]


def test_a_refused_event_is_kept_and_waits_no_longer(store: Store) -> None:
    """It is found with the reason, and sent again it is not taken for new."""
    with store.appending() as tx:
        tx.receive([_received("broken", minutes=-9), _received("whole"), _received("worse")])
    with store.writing() as tx:
        for one in tx.received(10):
            if one.event_id != "whole":
                tx.refuse_received(one.number, f"{one.event_id}: NUL in it")

    with store.appending() as tx:
        assert tx.receive([_received("broken")]) == 0
    with store.reading() as tx:
        assert [one.event_id for one in tx.received(10)] == ["whole"]
        assert tx.refused(limit=10) == [("worse", "worse: NUL in it"), ("broken", "broken: NUL in it")]
        assert tx.refused(limit=1) == [("worse", "worse: NUL in it")]
        assert tx.backlog() == (1, at(0))


def test_a_reason_may_hold_any_character(store: Store) -> None:
    """What an exception says of a hostile event is kept, whatever the database thinks of it."""
    with store.writing() as tx:
        tx.receive([_received("a")])
        tx.refuse_received(tx.received(1)[0].number, "not \0 a \ud800 time")
    with store.reading() as tx:
        assert "not" in tx.refused(limit=1)[0][1]


def test_the_backlog_is_known(store: Store) -> None:
    """How many events wait, and since when, whatever the order in which they came."""
    with store.reading() as tx:
        assert tx.backlog() == (0, None)
    with store.appending() as tx:
        tx.receive([_received("a", minutes=2), _received("b", minutes=1), _received("c", minutes=3)])
    with store.reading() as tx:
        assert tx.backlog() == (3, at(1))


def test_events_that_come_at_the_same_time_are_all_there(store: Store) -> None:
    """Four threads append at once: nothing is lost, and what they all bring is there once."""

    def append(name: int) -> None:
        for number in range(25):
            with store.appending() as tx:
                tx.receive([_received(f"{name}-{number}"), _received(f"shared-{number}")])

    threads = [threading.Thread(target=append, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as tx:
        assert tx.backlog()[0] == 4 * 25 + 25


def test_names_that_no_index_holds_are_told_apart(store: Store) -> None:
    """A server is sent whatever somebody makes up: names of any length that begin alike are kept and found."""
    long = "".join(f"{number}ü" for number in range(3_000))
    with store.writing() as tx:
        for end in "ab":
            assert tx.remember_events([long + end], at(0))
            tx.save_run(run(long + end, pipeline=long + end, environment=long, logical_id=long, attempt=2**53))
        assert not tx.remember_events([long + "a"], at(0))
    with store.reading() as tx:
        for end in "ab":
            assert tx.run(long + end) == tx.runs(pipeline=long + end, environment=long)[0]
        assert len(tx.find_runs(long[:100])) == 2
