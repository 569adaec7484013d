"""What silences, maintenance and snoozes keep from channels, and what is said when they end."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from desk import Desk, channel
from made import at, cause, good_run, run
from stores import NewStore
from tocsin.config.model import ChannelConfig
from tocsin.core.cause import CauseClass
from tocsin.core.maintenance import Maintenance
from tocsin.core.matchers import Matcher, parse_matcher
from tocsin.core.notify import Reason
from tocsin.core.route import LABELS, Route
from tocsin.core.silence import Silence
from tocsin.core.time_window import parse_window
from tocsin.engine.act import acknowledge_alert, snooze_alert
from tocsin.engine.silences import add_silence, close_silences, end_silence, preview
from tocsin.errors import NotFound
from tocsin.store.protocol import Store

HOUR = 60


def desk(store: Store, home: Path, *names: str | ChannelConfig, **settings: Any) -> Desk:
    """Return an engine with file channels."""
    return Desk(home, store, *(names or ("ops",)), **settings)


def conditions(*texts: str) -> tuple[Matcher, ...]:
    """Return matchers."""
    return tuple(parse_matcher(text, labels=LABELS) for text in texts)


def silence(house: Desk, *texts: str, until: float, start: datetime | None = None) -> Silence:
    """Add a silence from now, or `start`, to so many minutes after noon."""
    return add_silence(
        house.engine,
        conditions(*texts),
        starts_at=start or house.now,
        ends_at=at(until),
        reason="the warehouse is moved",
        author="ann",
    )


def test_a_silence_keeps_a_problem_from_channels_and_names_itself(tmp_path: Path, new_store: NewStore) -> None:
    """Who asks why nobody was told reads which silence, whose and why."""
    house = desk(new_store(), tmp_path)
    made = silence(house, "pipeline=orders", until=60)

    house.report(run(), run("other", ended=2, pipeline="stock"))

    assert house.heard("ops") == ["stock failed"]
    (kept,) = [one for one in house.decided("ops") if one.reason is Reason.SILENCED]
    assert kept.because == f"silence {made.id[:8]} of ann: the warehouse is moved"


def test_the_end_of_a_problem_is_told_through_a_silence(tmp_path: Path, new_store: NewStore) -> None:
    """A channel that heard of a problem hears of its end; one that did not hears nothing of it."""
    house = desk(new_store(), tmp_path)
    house.report(run())
    silence(house, "topic=delivery", until=60)

    house.report(good_run(), run("s1", ended=6, pipeline="stock"), good_run("s2", ended=7, pipeline="stock"))

    assert house.heard("ops") == ["orders failed", "orders recovered after 4 min"]


def test_the_end_of_a_silence_says_once_what_is_still_open(tmp_path: Path, new_store: NewStore) -> None:
    """One plain message names the problems; those that nobody was told of are told as well."""
    house = desk(new_store(), tmp_path)
    house.report(run())
    made = silence(house, "topic=delivery", until=HOUR)
    house.report(run("other", ended=2, pipeline="stock"), good_run("fine", ended=3, pipeline="users"))

    house.tick(minutes=56)
    assert house.heard("ops") == ["orders failed"]
    house.tick(minutes=1)
    house.tick(minutes=1)

    title = f"silence {made.id[:8]} ended: 2 alerts it muted are still open"
    assert sorted(house.heard("ops")) == ["orders failed", title, "stock failed"]
    (message,) = [each for each in house.messages("ops") if each["title"] == title]
    assert "orders failed" in message["text"]
    assert "stock failed" in message["text"]


def test_a_silence_that_mutes_nothing_ends_in_silence(tmp_path: Path, new_store: NewStore) -> None:
    """What is over by then, and what never fitted, is no news."""
    house = desk(new_store(), tmp_path)
    silence(house, "pipeline=orders", until=10)
    house.report(run(), run("other", ended=2, pipeline="stock"), good_run())

    house.tick(minutes=20)

    assert house.heard("ops") == ["stock failed"]


def test_a_problem_that_something_else_mutes_stays_muted(tmp_path: Path, new_store: NewStore) -> None:
    """A silence that goes on in a later one, or in a snooze, does not say that it ended."""
    house = desk(new_store(), tmp_path)
    house.report(run(), run("other", ended=2, pipeline="stock"))
    silence(house, "topic=delivery", until=10)
    silence(house, "pipeline=orders", until=60)
    snooze_alert(house.engine, "stock", until=at(90), by="bob")

    house.tick(minutes=20)

    assert [title for title in house.heard("ops") if "ended" in title] == []


def test_the_notice_goes_where_the_problems_go(tmp_path: Path, new_store: NewStore) -> None:
    """Channels whose routes have none of the problems hear nothing."""
    routes = (
        Route(name="shop", matchers=conditions("pipeline=orders"), channels=("shop",)),
        Route(name="rest", channels=("rest",)),
    )
    house = desk(new_store(), tmp_path, "shop", "rest", routes=routes)
    made = silence(house, "pipeline=orders", until=10)
    house.report(run())

    house.tick(minutes=20)

    assert f"silence {made.id[:8]} ended: 1 alert it muted is still open" in house.heard("shop")
    assert house.heard("rest") == []


def test_the_notice_opens_no_incident_of_its_own(tmp_path: Path, new_store: NewStore) -> None:
    """A receiver that keeps alerts would keep it for good: it hears of the problems only."""
    house = desk(new_store(), tmp_path, channel("pager", "alertmanager", url="http://localhost:9"), "ops")
    silence(house, "pipeline=orders", until=10)
    house.report(run())
    house.now = at(20)

    close_silences(house.engine)

    assert [one.channel for one in house.decided() if one.reason is Reason.SILENCE_ENDED] == ["ops"]


def test_maintenance_that_is_no_more_in_the_configuration_mutes_no_more(tmp_path: Path, new_store: NewStore) -> None:
    """Nobody waits for the end of a window that is gone."""
    always = Maintenance(name="all", matchers=(), windows=(parse_window("mon-sun"),), reason="")
    house = desk(new_store(), tmp_path, maintenance=(always,))
    house.report(run())
    assert house.heard("ops") == []

    house.open("ops")
    house.tick(minutes=1)

    assert house.heard("ops") == ["orders failed"]


def test_a_silence_ended_by_hand_says_so_and_leaves_its_problems_to_be_told(
    tmp_path: Path, new_store: NewStore
) -> None:
    """What it muted is due at once, and who ended it is named."""
    house = desk(new_store(), tmp_path)
    made = silence(house, "pipeline=orders", until=HOUR)
    house.report(run())

    ended, left = end_silence(house.engine, made.id[:6], by="bob")
    house.tick()

    assert (ended.ended_by, ended.ended_at, [alert.subject for alert in left]) == ("bob", house.now, ["orders"])
    (notice,) = [each for each in house.messages("ops") if "ended" in each["title"]]
    assert "by bob" in notice["text"]
    assert "orders failed" in house.heard("ops")


def test_a_silence_that_never_began_is_dropped_without_a_word(tmp_path: Path, new_store: NewStore) -> None:
    """It muted nothing."""
    house = desk(new_store(), tmp_path)
    house.report(run())
    made = silence(house, "pipeline=orders", start=at(30), until=HOUR)

    _, left = end_silence(house.engine, made.id, by="bob")
    house.tick()

    assert left == ()
    assert house.heard("ops") == ["orders failed"]


def test_a_silence_that_is_not_there_is_not_ended(tmp_path: Path, new_store: NewStore) -> None:
    """The message lists what there is; what is over cannot be ended."""
    house = desk(new_store(), tmp_path)
    with pytest.raises(NotFound, match=r"no silence that is not over .* begins with 'x'; there are: none; those that"):
        end_silence(house.engine, "x", by="bob")
    first, second = (silence(house, "pipeline=orders", until=minute) for minute in (10, HOUR))
    with pytest.raises(NotFound, match=rf"'' fits {second.id[:8]} \(the warehouse is moved\), {first.id[:8]}"):
        end_silence(house.engine, "", by="bob")
    house.tick(minutes=20)
    with pytest.raises(NotFound, match=rf"there are: {second.id[:8]} \(the warehouse is moved\)"):
        end_silence(house.engine, first.id, by="bob")


def test_maintenance_mutes_within_its_windows(tmp_path: Path, new_store: NewStore) -> None:
    """The problem is told when the window closes."""
    upgrade = Maintenance(
        name="upgrade",
        matchers=conditions("pipeline=orders"),
        windows=(parse_window("12:00-13:00"),),
        reason="the warehouse is upgraded",
    )
    house = desk(new_store(), tmp_path, maintenance=(upgrade,))
    house.report(run())
    (kept,) = house.decided("ops")
    assert (kept.reason, kept.because) == (Reason.MAINTENANCE, "upgrade: the warehouse is upgraded")
    assert house.heard("ops") == []

    house.tick(minutes=HOUR)

    assert house.heard("ops") == ["orders failed"]


def test_a_snooze_is_told_and_ends_at_its_time(tmp_path: Path, new_store: NewStore) -> None:
    """Who was told of the problem hears who put it off, and hears again when the snooze is over, whatever repeats."""
    house = desk(new_store(), tmp_path)
    house.report(run())
    snooze_alert(house.engine, "orders", until=at(HOUR), by="ann")
    house.report(run("run2", ended=10))
    house.tick(minutes=HOUR)
    house.tick(minutes=1)

    assert house.heard("ops") == [
        "orders failed",
        "orders: snoozed by ann until 23 Nov 2026 13:00:00 UTC",
        "orders still fails (2nd time in a row)",
    ]


def test_something_new_ends_a_snooze(tmp_path: Path, new_store: NewStore) -> None:
    """The 503 became a 401, which nobody has put off."""
    house = desk(new_store(), tmp_path)
    house.report(run())
    snooze_alert(house.engine, "orders", until=at(HOUR), by="ann")

    house.report(run("run2", ended=10, cause=cause(cause_class=CauseClass.CREDENTIALS, message="401")))

    assert house.heard("ops")[-1] == "orders failed for another reason (2nd time in a row)"


def test_a_known_issue_is_told_with_the_acknowledgement_and_after_it(tmp_path: Path, new_store: NewStore) -> None:
    """An address becomes a link, and other words a fact."""
    house = desk(new_store(), tmp_path)
    house.report(run())
    acknowledge_alert(house.engine, "orders", by="ann", issue="https://tickets.internal/7")
    house.report(run("run2", ended=10, cause=cause(cause_class=CauseClass.CREDENTIALS, message="401")))
    acknowledge_alert(house.engine, "orders", by="ann", issue="ask the vendor")
    house.tick()

    first, acknowledged, other, again = house.messages("ops")
    assert "Known issue" not in first["text"]
    assert all("https://tickets.internal/7" in message["text"] for message in (acknowledged, other))
    assert "ask the vendor" in again["text"]


def test_a_preview_shows_what_fits(tmp_path: Path, new_store: NewStore) -> None:
    """Open alerts, alerts of the last time that are over, and pipelines, of which what an alert says is not asked."""
    house = desk(new_store(), tmp_path)
    house.report(run("old", ended=-HOUR * 24 * 8), good_run("o2", ended=-HOUR * 24 * 8 + 1))
    house.report(run(), good_run(), run("again", ended=6), run("other", ended=7, pipeline="stock"))

    with house.store.reading() as tx:
        found = preview(
            house.engine, tx, conditions("pipeline=orders", "severity=error"), within=at(HOUR * 24 * 7) - at(0)
        )

    assert [alert.run_id for alert in found.alerts] == ["again"]
    assert [alert.since for alert in found.over] == [at(1)]
    assert found.pipelines == [("orders", "default")]
