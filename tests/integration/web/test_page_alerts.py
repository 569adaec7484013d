"""The pages of alerts and groups: what stands where, who was told, why nobody was, and what forms do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from desk import Desk, channel
from made import alert, at, cause, good_run, run
from recorded_runs import HOSTILE
from tocsin.config.model import PipelineConfig
from tocsin.core.access import Action, Scope
from tocsin.core.alert import Alert, State
from tocsin.core.finding import Kind, Topic
from tocsin.core.matchers import Matcher
from tocsin.core.outbox import Status
from tocsin.core.policy import Policy
from tocsin.core.route import Route
from tocsin.core.run import Run
from tocsin.core.severity import Severity
from tocsin.engine.act import acknowledge_alert, resolve_alert, snooze_alert
from tocsin.engine.api_keys import create_key
from tocsin.engine.silences import add_silence
from tocsin.store.memory import MemoryStore
from tocsin.web.app import create_app
from tocsin.web.pages.acts import SnoozeFor

OWNED = {"orders": PipelineConfig(owner="sales"), "stock": PipelineConfig(owner="logistics")}


@pytest.fixture
def house(tmp_path: Path) -> Desk:
    """Return an engine with one channel, which nothing has been told to."""
    return Desk(tmp_path, MemoryStore(), "ops", pipelines=OWNED, timezone="Europe/Berlin")


@pytest.fixture
def browser(house: Desk) -> TestClient:
    """Return a browser on the machine of a server that knows nobody."""
    return browser_of(house)


def browser_of(house: Desk, **headers: str) -> TestClient:
    """Return a browser; what it shows besides stands in `headers`."""
    return TestClient(
        create_app(house.engine),
        base_url="http://127.0.0.1:8765",
        client=("127.0.0.1", 50000),
        headers={"accept": "text/html", **headers},
    )


def failed(pipeline: str, **changes: Any) -> Run:
    """Return a failed run of a pipeline."""
    return run(f"bad-{pipeline}", pipeline=pipeline, logical_id=f"bad-{pipeline}", **changes)


def text(page: str) -> str:
    """Return what a person reads."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def shown(page: str) -> list[str]:
    """Return the subjects of the rows, in their order."""
    return [unescape(name) for name in re.findall(r'class="rowlink" data-open href="/alerts/[^"]*">([^<]*)<', page)]


def keep(house: Desk, *alerts: Alert) -> None:
    """Save alerts as they are."""
    with house.store.writing() as tx:
        tx.save_alerts(alerts)


def silence(house: Desk, pipeline: str) -> str:
    """Silence a pipeline for an hour, and return the silence's id."""
    made = add_silence(
        house.engine,
        [Matcher(label="pipeline", operator="=", value=pipeline)],
        starts_at=house.now,
        ends_at=house.now + timedelta(hours=1),
        reason="the warehouse is moved",
        author="ann",
    )
    return made.id


def test_alerts_stand_under_what_is_done_about_them(house: Desk, browser: TestClient) -> None:
    """Each tab counts its alerts; what is snoozed and what is silenced stand under one."""
    silence(house, "quiet")
    house.report(*map(failed, ("fires", "known", "later", "quiet", "gone")))
    acknowledge_alert(house.engine, house.open_or_last("known").id, by="ann")
    snooze_alert(house.engine, house.open_or_last("later").id, until=house.now + timedelta(hours=1), by="bob")
    resolve_alert(house.engine, house.open_or_last("gone").id, by="ann")

    page = browser.get("/alerts")
    assert "Firing 1 Acknowledged 1 Snoozed or silenced 2 Resolved 1" in text(page.text)
    assert (shown(page.text), "1 alert firing" in page.text) == (["fires"], True)
    muted = browser.get("/alerts?state=muted").text
    assert sorted(shown(muted)) == ["later", "quiet"]
    assert "snoozed (by bob) until" in text(muted)
    assert "ann: the warehouse is moved" in text(muted)
    assert "acknowledged by ann" in text(browser.get("/alerts?state=acknowledged").text)
    assert "resolved by ann" in text(browser.get("/alerts?state=resolved").text)


def test_the_worst_comes_first_and_filters_stand_in_the_address(house: Desk, browser: TestClient) -> None:
    """By severity, then the newest; subject, severity and owner leave the others out."""
    worst = {"stock": Severity.CRITICAL, "orders": Severity.ERROR, "events": Severity.WARNING}
    keep(house, *(alert(id=name, fingerprint=name, subject=name, severity=each) for name, each in worst.items()))
    assert shown(browser.get("/alerts").text) == ["stock", "orders", "events"]
    for query, names in {
        "severity=error": ["orders"],
        "subject=events": ["events"],
        "owner=logistics": ["stock"],
        "owner=sales&severity=critical": [],
    }.items():
        assert shown(browser.get(f"/alerts?{query}").text) == names
    assert "No alert fits" in browser.get("/alerts?owner=sales&severity=critical").text


@pytest.mark.parametrize("state", [State.FIRING, State.RESOLVED])
@pytest.mark.parametrize("owner", ["", "sales"])
def test_a_long_list_is_met_once_page_by_page(house: Desk, browser: TestClient, state: State, owner: str) -> None:
    """The link to the next page stands at the end until there is none."""
    keep(
        house,
        *(
            alert(id=f"a{number}", fingerprint=str(number), last_at=at(number // 2), state=state, item=f"t{number:03}")
            for number in range(120)
        ),
    )
    seen, url = [], f"/alerts?state={state}&owner={owner}"
    while url:
        page = browser.get(url).text
        seen += shown(page)
        more = re.search(r'<a href="([^"]*)" rel="next">', page)
        url = unescape(more[1]) if more else ""
    assert (len(seen), len(set(seen))) == (120, 120)


@pytest.mark.parametrize("cursor", ["W10", "eA", "bm9uZQ", "WzEsMiwzXQ"])
def test_a_cursor_of_nowhere_is_refused(browser: TestClient, cursor: str) -> None:
    """It says so, and nothing fails."""
    assert browser.get(f"/alerts?cursor={cursor}").status_code == 422
    assert browser.get(f"/alerts?state=resolved&cursor={cursor}").status_code == 422


def test_nothing_wrong_is_good_news(house: Desk, browser: TestClient) -> None:
    """The empty list says how the last problem ended."""
    assert "Every pipeline does what is expected of it" in browser.get("/alerts").text
    house.report(failed("orders"), good_run("good", ended=15))
    page = text(browser.get("/alerts").text)
    assert "Nothing is firing" in page
    assert "The last alert was orders failed: over after 14 min" in page


def test_texts_from_outside_stay_texts(house: Desk, browser: TestClient) -> None:
    """Names and messages cannot become markup, nor turn around what stands beside them."""
    house.report(failed(HOSTILE, cause=replace(cause(), message=HOSTILE * 99)))
    for url in ("/alerts", f"/alerts/{house.open_or_last(HOSTILE).id}"):
        page = browser.get(url).text
        assert "&lt;img src=x" in page
        assert "<img" not in page
        assert not {"\x1b", "\u202e"} & set(page)


def test_an_alert_tells_who_was_told_and_what_they_answered(house: Desk, browser: TestClient) -> None:
    """Decisions stand with their reasons, attempts with the receiver's answer, acts with who acted."""
    house.report(failed("orders"), run("again", ended=4, logical_id="again"))
    acknowledge_alert(house.engine, "orders", by="ann", issue="https://tickets.example.com/7")
    house.tick()
    page = text(browser.get(f"/alerts/{house.open_or_last().id}").text)
    assert "orders failed, 2nd time in a row" in page
    assert "ops was told: new problem" in page
    assert re.search(r"answered \d+ bytes appended to \S+ after [\d,]+ ms", page)
    assert "ops was not told: told already, and the repeat interval has not elapsed" in page
    assert "ann acknowledged it" in page
    assert "https://tickets.example.com/7" in page
    assert "Why nobody was told" not in page


def test_why_nobody_was_told_names_the_silence(house: Desk, browser: TestClient) -> None:
    """The reason is a sentence, with the way to what mutes and to who would hear otherwise."""
    name = silence(house, "orders")
    house.report(failed("orders"))
    page = browser.get(f"/alerts/{house.open_or_last().id}").text
    assert "Why nobody was told" in page
    assert f"ops: not told: silenced (silence {name[:8]} of ann: the warehouse is moved)" in text(page)
    assert f'href="/silences/{name}"' in page
    assert 'href="/channels/routes?pipeline=orders&amp;environment=default&amp;severity=error&amp;kind=failed' in page


def test_without_a_channel_the_page_says_so(tmp_path: Path) -> None:
    """Nothing was decided, as there was nobody to decide about."""
    house = Desk(tmp_path, MemoryStore())
    house.report(failed("orders"))
    assert "There was no channel to tell" in browser_of(house).get(f"/alerts/{house.open_or_last().id}").text


FORMS: Mapping[str, tuple[dict[str, str], str, State]] = {
    "acknowledge": ({"issue": "JIRA-7"}, "Acknowledged.", State.ACKNOWLEDGED),
    "snooze": ({"for": "4 h"}, "Snoozed.", State.FIRING),
    "resolve": ({"to": ""}, "Resolved.", State.RESOLVED),
}


@pytest.mark.parametrize("act", FORMS)
def test_a_form_acts_once_and_leads_back_with_a_word(house: Desk, browser: TestClient, act: str) -> None:
    """The audit trail has one entry with who and from where; to send the form again does no harm."""
    sent, word, state = FORMS[act]
    house.report(failed("orders"))
    alert_id = house.open_or_last().id
    answer = browser.post(f"/alerts/{alert_id}/{act}", data=sent)
    assert [each.status_code for each in answer.history] == [303]
    assert answer.url.path == f"/alerts/{alert_id}"
    assert word in answer.text
    assert house.open_or_last().state is state
    again = browser.post(f"/alerts/{alert_id}/{act}", data=sent).text
    over = "Nothing was done: the alert was over before you asked."
    assert (over if act == "resolve" else "Nothing has changed: it was so already.") in text(again)
    with house.store.reading() as tx:
        [entry] = tx.audit(subject=alert_id)
    assert (entry.actor, entry.origin) == ("somebody", "127.0.0.1")


def test_a_form_leads_back_to_the_list_it_stood_in(house: Desk, browser: TestClient) -> None:
    """With its filters, and to no other server whatever the form says."""
    house.report(failed("orders"))
    path = f"/alerts/{house.open_or_last().id}/acknowledge"
    assert str(browser.post(path, data={"to": "/alerts?owner=sales"}).url).endswith(
        "/alerts?owner=sales&done=acknowledged"
    )
    assert browser.post(path, data={"to": "//evil.example.com"}, follow_redirects=False).headers["location"][:2] == "/?"


def test_a_level_is_accepted_of_volume(house: Desk, browser: TestClient) -> None:
    """Only what is about a level has the button."""
    volume = alert(id="v1", fingerprint="v1", topic=Topic.VOLUME, kind=Kind.VOLUME, item="lines", run_id=None)
    keep(house, volume, alert())
    assert "Accept the new level" not in browser.get("/alerts/alert1").text
    assert "Accept the new level" in browser.get("/alerts/v1").text
    assert "the new level is what is expected" in browser.post("/alerts/v1/accept", data={"to": ""}).text
    assert "no alert about volume" in browser.post("/alerts/alert1/accept", data={"to": ""}).text


@pytest.mark.parametrize(
    ("now", "end"),
    [
        # An evening in Berlin, and an hour after midnight there.
        (datetime(2026, 11, 23, 19, tzinfo=UTC), datetime(2026, 11, 24, 8, tzinfo=UTC)),
        (datetime(2026, 11, 23, 23, 30, tzinfo=UTC), datetime(2026, 11, 25, 8, tzinfo=UTC)),
        # The night in which the clocks are set back.
        (datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 8, tzinfo=UTC)),
    ],
)
def test_tomorrow_is_that_of_the_zone(now: datetime, end: datetime) -> None:
    """Nine o'clock is where the configuration says people live."""
    assert SnoozeFor.MORNING.end(now, "Europe/Berlin") == end


def test_a_message_is_sent_once_more(house: Desk, browser: TestClient) -> None:
    """The button goes away with its use, and what came of it can be sent again in its turn."""
    house.report(failed("orders"))
    page = f"/alerts/{house.open_or_last().id}"
    [button] = re.findall(r'action="(/notifications/[^"]*/redeliver)"', browser.get(page).text)
    answer = browser.post(button, data={"to": page})
    assert "The message is sent once more." in answer.text
    assert button not in answer.text
    house.tick()
    assert house.heard("ops") == ["orders failed", "orders failed"]
    assert len(re.findall("/redeliver", browser.get(page).text)) == 1
    with house.store.reading() as tx:
        assert [entry.action for entry in tx.audit()] == [Action.REDELIVER]


@pytest.mark.parametrize("act", ["acknowledge", "snooze", "resolve", "accept"])
def test_a_form_of_another_site_does_nothing(house: Desk, browser: TestClient, act: str) -> None:
    """A page on the internet can send forms to this machine too."""
    house.report(failed("orders"))
    alert_id = house.open_or_last().id
    headers = {"origin": "https://evil.example.com", "sec-fetch-site": "cross-site"}
    assert browser.post(f"/alerts/{alert_id}/{act}", data={"for": "1 h"}, headers=headers).status_code == 403
    assert house.open_or_last().state is State.FIRING


def test_who_may_only_read_sees_no_buttons_and_only_their_environments(tmp_path: Path) -> None:
    """A key for production does not meet what is elsewhere, and one without the scope cannot act."""
    house = Desk(tmp_path, MemoryStore(), "ops")
    keep(house, alert(id="prod1", environment="prod"), alert(id="test1", fingerprint="t", environment="test"))
    _, key = create_key(
        house.engine, name="screen", scopes=[Scope.READ], environments=["prod"], expires_at=None, by="ann"
    )
    screen = browser_of(house, authorization=f"Bearer {key}")
    assert shown(screen.get("/alerts").text) == ["orders (prod)"]
    assert '<form method="post"' not in screen.get("/alerts/prod1").text
    assert screen.get("/alerts/test1").status_code == 404
    assert screen.post("/alerts/prod1/resolve").status_code == 403


def test_an_alert_that_is_not_there_names_near_ones(house: Desk, browser: TestClient) -> None:
    """An id that was cut off on its way finds what it was."""
    keep(house, alert(id="4f2a90c1"))
    page = browser.get("/alerts/4f2a90")
    assert page.status_code == 404
    assert "There is no alert '4f2a90'" in text(page.text)
    assert '<a href="/alerts/4f2a90c1">orders failed</a>' in page.text


def test_a_group_shows_its_problems_and_messages(tmp_path: Path) -> None:
    """What was told together stands together, and each problem leads to its group."""
    route = Route(name="all", channels=("ops",), policy=Policy(group_by=("environment",)))
    house = Desk(tmp_path, MemoryStore(), "ops", routes=(route,))
    house.report(*(failed(f"p{number}") for number in range(3)))
    house.tick(minutes=1)
    browser = browser_of(house)
    [group] = {one.group_id for one in house.decided() if one.status is Status.GROUPED}
    assert f'href="/groups/{group}"' in browser.get(f"/alerts/{house.open_or_last('p0').id}").text
    page = browser.get(f"/groups/{group}").text
    assert sorted(shown(page)) == ["p0", "p1", "p2"]
    assert "3 of 3 problems go on" in page
    assert "ops was told: several problems at once" in text(page)
    assert browser.get("/groups/nowhere").status_code == 404


def test_what_a_receiver_refused_stands_with_its_answer(tmp_path: Path) -> None:
    """A channel that could not deliver is marked in the list, and its error in the timeline."""
    (tmp_path / "there").mkdir()
    house = Desk(tmp_path, MemoryStore(), channel("broken", path=str(tmp_path / "there")))
    house.report(failed("orders"))
    browser = browser_of(house)
    assert "broken: waiting" in text(browser.get("/alerts").text)
    page = text(browser.get(f"/alerts/{house.open_or_last().id}").text)
    assert "broken is to be told: new problem" in page
    assert "Is a directory" in page
