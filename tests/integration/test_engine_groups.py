"""Many problems at once: few messages, each of which names what is in it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from desk import Desk, channel
from made import at, cause, good_run, run
from stores import NewStore
from tocsin.channels.registry import CHANNELS
from tocsin.channels.webhook import Webhook
from tocsin.config.model import PipelineConfig
from tocsin.core.cause import CauseClass
from tocsin.core.group import Group
from tocsin.core.outbox import Status
from tocsin.core.policy import Policy
from tocsin.core.route import Route
from tocsin.core.run import Context, Run
from tocsin.core.severity import Severity
from tocsin.engine.deliver import deliver


def failed(number: int, *, ended: float = 1, **changes: Any) -> Run:
    """Return a failed run of one of many pipelines."""
    return run(f"bad{number}-{ended}", pipeline=f"p{number:03}", ended=ended, **changes)


def went_well(number: int, *, ended: float = 3) -> Run:
    """Return a good run of one of many pipelines."""
    return good_run(f"good{number}-{ended}", pipeline=f"p{number:03}", ended=ended)


def grouped(*labels: str, **changes: Any) -> Route:
    """Return a route to "ops" that groups by labels."""
    return Route(name="grouped", channels=("ops",), policy=Policy(group_by=labels, **changes))


def text_of(house: Desk, name: str = "ops", *, last: int = 1) -> str:
    """Return the text of one of the last messages."""
    return str(house.messages(name)[-last]["text"])


def test_a_storm_is_a_few_messages_and_one_for_all_the_rest(tmp_path: Path, new_store: NewStore) -> None:
    """Ninety of ninety fail: five are told at once, the others in one message 20 seconds later, none is left out."""
    house = Desk(tmp_path, new_store(), "ops")
    house.report(*map(failed, range(90)))

    assert sorted(house.heard("ops")) == [title for title in sorted(house.heard("ops")) if title.endswith(" failed")]
    assert len(house.heard("ops")) == 5
    house.tick(minutes=0.3)
    assert len(house.heard("ops")) == 5
    house.tick(minutes=0.05)
    assert house.heard("ops")[5:] == ["85 pipelines failed"]
    alone = {title.split()[0] for title in house.heard("ops")[:5]}
    named = text_of(house)
    assert "all 85 for the same reason: 503 Server Error" in named
    assert "all 85 load to duckdb" in named
    assert "+45 more" in named
    assert not [name for name in alone if name in named]
    assert len([one for one in house.decided("ops") if one.status is Status.GROUPED]) == 85


def test_what_was_told_alone_ends_alone_and_the_rest_together(tmp_path: Path, new_store: NewStore) -> None:
    """A thread or an incident ends where it began; a group counts down and says when all of it is over."""
    house = Desk(tmp_path, new_store(), "ops")
    house.report(*map(failed, range(9)))
    house.tick(minutes=1)
    before = len(house.heard("ops"))
    house.report(*(went_well(number) for number in range(9)))

    assert len(house.heard("ops")) == before + 5
    assert all("recovered" in title for title in house.heard("ops")[before:])
    house.tick(minutes=6)
    assert house.heard("ops")[-1] == "all 4 problems are over"
    assert house.messages("ops")[-1]["tone"] == "good"
    house.report(failed(1, ended=60))
    assert house.heard("ops")[-1] == "p001 failed"


def test_news_of_a_group_wait_for_its_interval(tmp_path: Path, new_store: NewStore) -> None:
    """However much happens, a group speaks once in five minutes, and only when something has happened."""
    house = Desk(tmp_path, new_store(), "ops", routes=(grouped("environment"),))
    house.report(*map(failed, range(20)))
    house.tick(minutes=1)
    assert house.heard("ops") == ["20 pipelines failed"]
    for number in range(8):
        house.report(went_well(number, ended=2.1 + number / 10))
    assert house.heard("ops") == ["20 pipelines failed"]
    house.tick(minutes=5)
    assert house.heard("ops")[1:] == ["12 of 20 problems go on"]
    assert "Over now: p000, p001, p002, p003, p004, p005, p006, p007" in text_of(house)
    house.tick(minutes=60)
    assert len(house.heard("ops")) == 2


def test_a_group_repeats_what_goes_on_in_one_message(tmp_path: Path, new_store: NewStore) -> None:
    """After the repeat interval the group is told again, and not each of its problems."""
    house = Desk(tmp_path, new_store(), "ops", routes=(grouped("environment"),))
    house.report(*map(failed, range(20)))
    house.tick(minutes=1)
    house.tick(minutes=239)
    house.tick(minutes=2)

    assert house.heard("ops") == ["20 pipelines failed", "20 pipelines failed"]


def test_groups_are_told_apart_by_their_labels(tmp_path: Path, new_store: NewStore) -> None:
    """`group_by = ["owner"]`: each owner's problems come as one message that names the owner."""
    pipelines = {f"p{number:03}": PipelineConfig(owner="ab"[number % 2]) for number in range(6)}
    house = Desk(tmp_path, new_store(), "ops", routes=(grouped("owner"),), pipelines=pipelines)
    house.report(*map(failed, range(6)))
    house.tick(minutes=1)

    assert house.heard("ops") == ["3 pipelines failed"] * 2
    assert sorted("Group: owner a" in text_of(house, last=last) for last in (1, 2)) == [False, True]


def test_a_group_of_one_is_told_as_it_would_be_alone(tmp_path: Path, new_store: NewStore) -> None:
    """Whoever groups by owner and has one failure gets its message, 20 seconds later; its end comes at once."""
    house = Desk(tmp_path, new_store(), "ops", routes=(grouped("owner"),))
    house.report(run())
    assert house.heard("ops") == []
    house.tick(minutes=0.35)
    assert house.heard("ops") == ["orders failed"]
    house.report(good_run())
    assert house.heard("ops")[1:] == ["orders recovered after 4 min"]


def test_what_came_and_went_before_its_group_was_due_is_told_as_over(tmp_path: Path, new_store: NewStore) -> None:
    """Nothing goes unreported, and nothing that is over is shown as if it went on."""
    house = Desk(tmp_path, new_store(), "ops", routes=(grouped("environment"),))
    house.report(failed(1), failed(2), replace(went_well(1), started_at=at(1.1), ended_at=at(1.2)))
    house.tick(minutes=1)

    assert house.heard("ops") == ["1 of 2 problems go on"]
    assert "Over now: p001" in text_of(house)


def test_the_common_cause_comes_first_and_what_differs_is_shown(tmp_path: Path, new_store: NewStore) -> None:
    """Seven of nine share a reason: it is said first with their names, the two others keep their own reasons."""
    house = Desk(tmp_path, new_store(), "ops", routes=(grouped("environment"),))
    other = cause(cause_class=CauseClass.CODE, exception="KeyError", message="'id'")
    host = Context(host="worker-3")
    runs = [failed(n, context=host) for n in range(7)] + [failed(n, cause=other) for n in (7, 8)]
    house.report(*runs)
    house.tick(minutes=1)
    text = text_of(house)

    assert text.index("7 of 9 for the same reason: 503 Server Error") < text.index("p007: failed: ")
    assert "7 of 9 ran on worker-3" in text
    assert "For the same reason: p000, p001, p002, p003, p004, p005, p006" in text
    assert "KeyError" in text.partition("p007")[2]


def test_failures_after_an_upstream_name_it(tmp_path: Path, new_store: NewStore) -> None:
    """Downstreams that fail because their upstream did are not a riddle."""
    after = {f"p{number:03}": PipelineConfig(after=("p000",)) for number in range(1, 4)}
    house = Desk(tmp_path, new_store(), "ops", routes=(grouped("environment"),), pipelines=after)
    house.report(*(failed(number, cause=cause(message=f"table {number} is missing" * number)) for number in range(4)))
    house.tick(minutes=1)

    assert "3 of 4 come after p000, which is in trouble itself" in text_of(house)


def test_a_channel_that_groups_by_itself_gets_each_problem(
    tmp_path: Path, new_store: NewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Receivers that keep alerts of their own would lose track of them in a message about many."""

    class Own(Webhook):
        """Takes one alert a message."""

        grouped = False

    monkeypatch.setitem(CHANNELS, "own", Own)
    house = Desk(tmp_path, new_store(), channel("own", "own", url="http://localhost:9/"))
    house.report(*map(failed, range(20)))

    assert {one.status for one in house.decided("own")} == {Status.WAITING}
    assert len(house.decided("own")) == 20


def test_who_cannot_wait_is_told_at_once(tmp_path: Path, new_store: NewStore) -> None:
    """An engine inside of a pipeline's process ends with it: what it holds is told before, in one message."""
    house = Desk(tmp_path, new_store(), "ops", handover="inline")
    house.report(*map(failed, range(20)))
    deliver(house.engine, deadline=house.now + timedelta(seconds=5))

    assert house.heard("ops")[-1] == "15 pipelines failed"


def test_a_group_that_holds_a_critical_problem_is_critical(tmp_path: Path, new_store: NewStore) -> None:
    """The message of a group is as urgent as the worst that goes on in it, and names that first."""
    house = Desk(tmp_path, new_store(), "ops", routes=(grouped("environment"),))
    died = replace(failed(9), outcome=run().outcome.DIED, cause=None, ended_by="SIGKILL")
    house.report(*map(failed, range(3)), died)
    house.tick(minutes=1)
    message = house.messages("ops")[-1]

    assert message["severity"] == Severity.CRITICAL
    assert message["title"] == "4 pipelines in trouble: 3 failed, 1 died"
    assert json.loads(json.dumps(message["data"]))["alerts"][0]["subject"] == "p009"


def test_a_group_has_one_identity_over_its_messages() -> None:
    """The key is made of channel, route and labels, so that an engine that starts anew finds the group."""
    group = Group(id="g", channel="ops", route="r", labels={"owner": "a", "kind": "late"}, opened_at=at(0))

    assert group.key == "ops\0r\0kind=late\0owner=a"
