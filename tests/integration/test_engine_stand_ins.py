"""Who is told in place of a channel that could not deliver hears of the end as well."""

from __future__ import annotations

from pathlib import Path

from desk import Desk, channel
from made import good_run, run
from receiver import Receiver, answer
from stores import NewStore
from tocsin.core.matchers import parse_matcher
from tocsin.core.policy import Policy
from tocsin.core.route import LABELS, Route
from tocsin.store.protocol import Store

DELIVERY = (parse_matcher('topic="delivery"', labels=LABELS),)


def desk(store: Store, home: Path, receiver: Receiver, policy: Policy) -> Desk:
    """Return an engine with a webhook, which alone hears of problems, and a file that stands in for it."""
    route = Route(name="hook", matchers=DELIVERY, channels=("hook",), policy=policy)
    hook = channel("hook", "webhook", url=receiver.url)
    return Desk(home, store, hook, "spare", routes=(route,))


def test_a_stand_in_that_hears_late_hears_what_was_decided_before(
    tmp_path: Path, new_store: NewStore, receiver: Receiver
) -> None:
    """The problem is over before anybody else is told of it: the stand-in gets both, and no incident stays open."""
    house = desk(new_store(), tmp_path, receiver, Policy())
    receiver.answers(answer(500))
    house.report(run(), good_run())
    assert house.heard("spare") == []
    house.tick(minutes=15)
    receiver.answers(answer(200))
    house.tick(minutes=15)

    assert [title for title in house.heard("spare") if title.startswith("orders")] == [
        "orders failed",
        "orders recovered after 4 min",
    ]


def test_the_stand_in_for_a_group_hears_when_all_of_it_is_over(
    tmp_path: Path, new_store: NewStore, receiver: Receiver
) -> None:
    """The group's own channel delivers again by then, and the stand-in is told all the same."""
    house = desk(new_store(), tmp_path, receiver, Policy(group_by=("environment",)))
    receiver.answers(answer(500))
    house.report(*(run(f"bad{number}", pipeline=f"p{number}") for number in range(3)))
    house.tick(minutes=1)
    house.tick(minutes=16)
    assert "3 pipelines failed" in house.heard("spare")
    receiver.answers(answer(200))
    house.tick(minutes=16)
    house.report(*(good_run(f"good{number}", pipeline=f"p{number}", ended=40) for number in range(3)))
    house.tick(minutes=6)

    assert [request.json["title"] for request in receiver.requests][-1] == "all 3 problems are over"
    assert house.heard("spare").count("all 3 problems are over") == 1
