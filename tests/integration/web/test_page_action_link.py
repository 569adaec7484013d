"""Links in messages: what they bear, what opening one does, and what its button does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from desk import Desk
from made import good_run, run
from tocsin.core.access import Action
from tocsin.core.alert import State
from tocsin.engine.act import resolve_alert, snooze_alert
from tocsin.store.memory import MemoryStore
from tocsin.web.app import create_app

HOME = "https://tocsin.example.com"


@pytest.fixture
def house(tmp_path: Path) -> Desk:
    """Return an engine with a public address, and a problem that was told."""
    made = Desk(tmp_path, MemoryStore(), "ops", public_url=HOME)
    made.report(run())
    return made


@pytest.fixture
def stranger(house: Desk) -> TestClient:
    """Return a browser that is not logged in, from anywhere."""
    return TestClient(create_app(house.engine, bound="0.0.0.0"), headers={"accept": "text/html"})  # noqa: S104


def links(house: Desk) -> dict[str, str]:
    """Return the links of the last message by their labels, each as a path of the server."""
    with house.store.reading() as tx:
        [*_, last] = sorted(tx.notifications(), key=lambda one: one.seq)
    assert last.message is not None
    return {link.label: link.url.removeprefix(HOME) for link in last.message.links if link.url.startswith(HOME)}


def test_to_open_a_link_changes_nothing(house: Desk, stranger: TestClient) -> None:
    """Mail scanners and previews open links; they get a page that asks."""
    for label in ("Acknowledge", "Snooze 2 h"):
        page = stranger.get(links(house)[label])
        assert page.status_code == 200
        assert '<form method="post"' in page.text
    alert = house.open_or_last()
    assert (alert.state, alert.snoozed_until) == (State.FIRING, None)


def test_the_button_acts_once_and_says_who(house: Desk, stranger: TestClient) -> None:
    """Alert and audit trail tell that a link acted, and of which channel; once more does nothing more."""
    path = links(house)["Acknowledge"]
    assert "Acknowledged. Repeats stop" in stranger.post(path).text
    assert house.open_or_last().acknowledged_by == "link from ops"
    again = stranger.post(path)
    assert (again.status_code, "It is acknowledged by link from ops already." in again.text) == (409, True)
    with house.store.reading() as tx:
        [entry] = tx.audit(subject=house.open_or_last().id)
    assert (entry.actor, entry.action, entry.origin) == ("link from ops", Action.ACKNOWLEDGE, "testclient")


def test_a_snooze_lasts_two_hours_and_is_not_made_longer(house: Desk, stranger: TestClient) -> None:
    """Who presses again later gets no second snooze while one lasts."""
    path = links(house)["Snooze 2 h"]
    assert "Snoozed for 2 hours." in stranger.post(path).text
    until = house.open_or_last().snoozed_until
    assert until is not None
    assert (until - house.now).total_seconds() == 7200
    house.tick(minutes=30)
    assert "It is snoozed by link from ops until" in stranger.post(path).text
    assert house.open_or_last().snoozed_until == until


def test_a_link_lapses_after_seven_days(house: Desk, stranger: TestClient) -> None:
    """An old message in an archive does nothing, and its page says why."""
    path = links(house)["Acknowledge"]
    house.now += timedelta(days=7)
    assert "The link lapsed on" in stranger.get(path).text
    assert stranger.post(path).status_code == 409
    assert house.open_or_last().state is State.FIRING


def test_a_link_to_what_is_over_says_so(house: Desk, stranger: TestClient) -> None:
    """Somebody else was faster."""
    path = links(house)["Acknowledge"]
    resolve_alert(house.engine, house.open_or_last().id, by="ann")
    assert "The alert is over: resolved by ann." in stranger.post(path).text


@pytest.mark.parametrize("token", ["x", "W10.AAAA", "%00", "a" * 500])
def test_a_link_that_was_not_made_here_is_refused(stranger: TestClient, token: str) -> None:
    """Nobody learns anything from it."""
    page = stranger.post(f"/act/{token}")
    assert (page.status_code, "This link does nothing" in page.text) == (404, True)


def test_a_page_of_another_site_cannot_press_the_button(house: Desk, stranger: TestClient) -> None:
    """A link opens nothing to who embeds it in a form of theirs."""
    page = stranger.post(links(house)["Acknowledge"], headers={"origin": "https://evil.example.com"})
    assert (page.status_code, house.open_or_last().state) == (403, State.FIRING)


def test_only_messages_about_what_fires_bear_links_that_act(house: Desk) -> None:
    """The word that it is over leads to the page of the alert, and nowhere else."""
    assert list(links(house)) == ["Open in Tocsin", "Acknowledge", "Snooze 2 h"]
    house.report(good_run())
    assert list(links(house)) == ["Open in Tocsin"]


def test_without_a_public_address_messages_bear_no_links(tmp_path: Path) -> None:
    """An address that only this machine knows is of no use in a message."""
    house = Desk(tmp_path, MemoryStore(), "ops")
    house.report(run())
    assert links(house) == {}


def test_a_snooze_by_somebody_is_not_undone_by_a_link(house: Desk, stranger: TestClient) -> None:
    """A longer snooze stays as it is."""
    alert = house.open_or_last()
    snooze_alert(house.engine, alert.id, until=house.now + timedelta(days=9), by="ann")
    assert "It is snoozed by ann until" in stranger.post(links(house)["Snooze 2 h"]).text
