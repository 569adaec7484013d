"""Who hears of a problem, and of its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from desk import Desk, channel
from made import at, good_run, run
from stores import NewStore
from tocsin.config.model import PipelineConfig
from tocsin.core.matchers import parse_matcher
from tocsin.core.notify import Reason
from tocsin.core.outbox import Status
from tocsin.core.policy import Policy
from tocsin.core.route import LABELS, Route
from tocsin.core.run import Context, Outcome
from tocsin.core.severity import Severity
from tocsin.engine.act import acknowledge_alert
from tocsin.store.protocol import Store


def route(
    name: str, *matchers: str, to: tuple[str, ...], least: Severity = Severity.WARNING, go_on: bool = False
) -> Route:
    """Return a route."""
    return Route(
        name=name,
        matchers=tuple(parse_matcher(text, labels=LABELS) for text in matchers),
        channels=to,
        policy=Policy(least=least),
        go_on=go_on,
    )


def desk(store: Store, home: Path, *names: str, routes: tuple[Route, ...] = (), **settings: object) -> Desk:
    """Return an engine with file channels."""
    return Desk(home, store, *names, routes=routes, **settings)


def test_without_routes_every_channel_hears_everything(tmp_path: Path, new_store: NewStore) -> None:
    """Two channels get the problem and its end, each in its own order."""
    house = desk(new_store(), tmp_path, "ops", "mail")
    house.report(run(), good_run())

    assert house.heard("ops") == house.heard("mail") == ["orders failed", "orders recovered after 4 min"]


def test_a_route_picks_its_channels(tmp_path: Path, new_store: NewStore) -> None:
    """The first route that matches decides, "go on" adds the next, and who matches nothing goes to everybody."""
    house = desk(
        new_store(),
        tmp_path,
        "ops",
        "pager",
        "mail",
        routes=(
            route("shop", 'pipeline="orders"', to=("ops",), go_on=True),
            route("ours", 'owner="data"', to=("pager",)),
            route("never", 'pipeline="orders"', to=("mail",)),
        ),
        pipelines={"orders": PipelineConfig(owner="data")},
    )
    house.report(run(), run("other", ended=2, pipeline="stock"))

    assert house.heard("ops") == ["orders failed", "stock failed"]
    assert house.heard("pager") == ["orders failed", "stock failed"]
    assert house.heard("mail") == ["stock failed"]


def test_a_route_to_channels_that_cannot_be_used_does_not_swallow_alerts(tmp_path: Path, new_store: NewStore) -> None:
    """An alert whose route leads nowhere is told to everybody, and so is a plain message."""
    house = Desk(tmp_path, new_store(), "ops", channel("broken", "slack"), routes=(route("all", to=("broken",)),))
    house.report(run())
    house.say(text="backfill done")

    assert house.heard("ops") == ["orders failed", "backfill done"]
    assert [problem.key for problem in house.engine.problems] == ["tocsin.channels.broken"]


def test_what_is_too_low_is_kept_with_its_reason(tmp_path: Path, new_store: NewStore) -> None:
    """Whoever pressed Ctrl-C knows; that nobody was told can be looked up."""
    house = desk(new_store(), tmp_path, "ops")
    house.report(run(outcome=Outcome.INTERRUPTED, context=Context(interactive=True)))

    assert house.heard("ops") == []
    assert [(one.status, one.reason) for one in house.decided()] == [(Status.NOT_TOLD, Reason.TOO_LOW)]


def test_what_gets_worse_reaches_the_pager_and_its_end_reaches_both(tmp_path: Path, new_store: NewStore) -> None:
    """A warning takes another route than the error it becomes; both ends hear that it is over."""
    house = desk(
        new_store(),
        tmp_path,
        "ops",
        "pager",
        routes=(route("pages", 'severity="error"', to=("pager",)), route("rest", to=("ops",))),
    )
    for attempt in (1, 2):
        house.report(run(f"try{attempt}", ended=attempt, logical_id="dag/1", attempt=attempt, max_attempts=2))
    house.report(good_run())

    assert house.heard("ops") == ["orders failed (attempt 1 of 2)", "orders recovered after 4 min"]
    assert house.heard("pager") == ["orders failed (attempt 2 of 2)", "orders recovered after 4 min"]


def test_a_changed_route_hides_no_end(tmp_path: Path, new_store: NewStore) -> None:
    """Who was told under the old settings hears of acknowledgement and end under the new ones."""
    house = desk(new_store(), tmp_path, "ops", "mail", routes=(route("all", to=("ops",)),))
    house.report(run())
    house.open("ops", "mail", routes=(route("all", to=("mail",)),))
    acknowledge_alert(house.engine, "orders", by="ada")
    house.report(good_run())

    assert house.heard("ops")[1:] == ["orders: acknowledged by ada", "orders recovered after 4 min"]
    assert house.heard("mail") == []


def test_a_channel_that_is_new_hears_of_what_is_open(tmp_path: Path, new_store: NewStore) -> None:
    """Whoever adds a channel is told of the problems at hand with the next look."""
    house = desk(new_store(), tmp_path, "ops")
    house.report(run())
    house.open("ops", "mail")
    house.tick(minutes=1)

    assert house.heard("mail") == ["orders failed"]
    assert house.heard("ops") == ["orders failed"]


@pytest.mark.parametrize(
    ("note", "heard"),
    [
        ({"text": "backfill done\n12 tables"}, {"ops": ["backfill done"], "pager": []}),
        # A message can ask for the same routes as an alert.
        ({"text": "help", "severity": Severity.CRITICAL}, {"ops": [], "pager": ["help"]}),
        ({"text": "  \n"}, {"ops": [""], "pager": []}),
    ],
)
def test_plain_messages_take_the_routes(
    tmp_path: Path, new_store: NewStore, note: dict[str, object], heard: dict[str, list[str]]
) -> None:
    """The first line is the title; a note is sent whatever its severity, and once."""
    house = desk(
        new_store(),
        tmp_path,
        "ops",
        "pager",
        routes=(route("pages", 'severity="critical"', to=("pager",)), route("rest", to=("ops", "ops"))),
    )
    house.say(**note)
    house.say(**note)

    assert {name: house.heard(name) for name in ("ops", "pager")} == heard


def test_an_event_that_breaks_the_engine_holds_up_nobody(
    tmp_path: Path, new_store: NewStore, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be taken in is set aside, named and kept; what comes behind it is told."""
    house = desk(new_store(), tmp_path, "ops")
    house.spool.events.mkdir(parents=True)
    broken = house.spool.events / "20200101T000000000000-note.json"
    broken.write_text('{"v":1,"id":"n","type":"note","at":"2020-01-01T00:00:00+00:00","note":{"text":123}}')
    house.report(run())

    assert house.heard("ops") == ["orders failed"]
    assert [path.name for path in house.spool.set_aside()] == [broken.name]
    assert broken.name in caplog.text


def test_two_engines_on_one_home_tell_once(tmp_path: Path, new_store: NewStore) -> None:
    """Whoever comes second finds the event taken in and the marker set."""
    house = desk(new_store(), tmp_path, "ops")
    other = Desk(tmp_path, house.store, "ops")
    house.report(run())
    other.now = at(2)
    other.report(run())

    assert house.heard("ops") == ["orders failed"]
    assert len(list((tmp_path / "open").iterdir())) == 1
    other.report(good_run())
    assert list((tmp_path / "open").iterdir()) == []
