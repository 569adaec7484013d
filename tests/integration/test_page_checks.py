"""`/checks` and the page of a check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from made import NOON, alert
from recorded_runs import HOSTILE
from tocsin.config.model import Config
from tocsin.core.check import Check, CheckHistory, CheckResult
from tocsin.core.finding import Kind, Topic, fingerprint
from tocsin.engine.opening import open_engine
from tocsin.store.memory import MemoryStore
from tocsin.web.app import create_app
from tocsin.web.pages.addresses import of_check

QUERY = 'SELECT * FROM "orders" WHERE "customer_id" IS NULL'


@pytest.fixture
def store() -> MemoryStore:
    """Give an empty store."""
    return MemoryStore()


@pytest.fixture
def browser(tmp_path: Path, store: MemoryStore) -> Iterator[TestClient]:
    """Give a browser on its own machine."""
    engine = open_engine(Config(home=tmp_path), store=store, clock=lambda: NOON)
    with TestClient(create_app(engine), base_url="http://127.0.0.1", headers={"Accept": "text/html"}) as client:
        yield client


def asked(store: MemoryStore, name: str, *failing: int, pipeline: str = "shop/eu", text: str = "") -> None:
    """Save that a check was asked once a day, the last time an hour ago."""
    check = Check(name=name, pipeline=pipeline, question=text or f"{name} holds", table=text or "orders", owner=text)
    history = CheckHistory(pipeline=pipeline, environment="default", check=name)
    for age, number in enumerate(reversed(failing)):
        at = NOON - timedelta(days=age, hours=1)
        history = history.add(CheckResult(check=check, environment="default", at=at, failing=number, checked=1000))
    with store.writing() as tx:
        tx.save_check_history(history)


def test_those_that_do_not_pass_come_first(store: MemoryStore, browser: TestClient) -> None:
    """The first line says how many they are, and the rest can be left out."""
    asked(store, "a_good_one", 0, 0)
    asked(store, "warns", 0, 3)
    asked(store, "z_fails", 0, 3, 500)
    text = browser.get("/checks").text
    assert "2 of 3 checks do not pass" in text
    assert text.index("z_fails") < text.index("warns") < text.index("a_good_one")
    assert "500 of 1,000 rows fail (50 %)" in text
    assert "passed 1 of the last 3 times" in text
    failing = browser.get("/checks?show=failing").text
    assert "z_fails" in failing
    assert "a_good_one" not in failing
    assert "z_fails" not in browser.get("/checks?q=GOOD").text
    assert "No check fits" in browser.get("/checks?q=nothing").text


def test_a_long_list_comes_in_pages(store: MemoryStore, browser: TestClient) -> None:
    """Each check stands on one of them, and the next page keeps to what was chosen."""
    for number in range(60):
        asked(store, f"check_{number:02}", 0)
    asked(store, "other", 0)
    first = browser.get("/checks?q=check_").text
    assert "50 of 61 checks" in first
    older = first.split('" rel="next"')[0].rsplit('href="', 1)[1].replace("&amp;", "&")
    second = browser.get(older).text
    assert [f"check_{number:02}" in second for number in (49, 50, 59)] == [False, True, True]
    assert "other" not in second
    assert browser.get("/checks?cursor=eA").status_code == 422


def test_without_any_it_says_how_to_write_one(browser: TestClient) -> None:
    """In a form to paste."""
    assert "[tocsin.checks.order_has_customer]" in browser.get("/checks").text


def test_a_check_shows_its_results_its_alert_and_how_to_ask_again(store: MemoryStore, browser: TestClient) -> None:
    """The query and the rows are those that the alert keeps."""
    asked(store, "has_customer", 0, 0, 500)
    key = fingerprint(Topic.CHECK, "default", "shop/eu", "has_customer")
    about = alert(id="a1", fingerprint=key, kind=Kind.CHECK, topic=Topic.CHECK, item="has_customer", subject="shop/eu")
    with store.writing() as tx:
        tx.save_alert(replace(about, code={"Failing rows": "id\n7", "Query": QUERY}))
    text = browser.get(of_check("shop/eu", "has_customer", "default")).text
    assert "has_customer holds" in text
    assert "SELECT * FROM &#34;orders&#34; WHERE &#34;customer_id&#34; IS NULL" in text
    assert "id\n7" in text
    assert 'href="/alerts/a1"' in text
    assert "The last 3 results" in text
    assert text.count("no row of 1,000 fails") == 4  # in two lines, and in two marks
    assert "tocsin check run --pipeline shop/eu has_customer" in text


def test_a_check_that_nobody_knows_leads_to_those_that_are(store: MemoryStore, browser: TestClient) -> None:
    """With the nearest name first."""
    asked(store, "has_customer", 0)
    answer = browser.get("/checks/shop%2Feu/has_custmer")
    assert answer.status_code == 404
    assert "There is no check &#39;has_custmer&#39;" in answer.text
    assert of_check("shop/eu", "has_customer", "default") in answer.text
    assert browser.get("/checks/nothing").status_code == 404


def test_names_from_outside_stay_text(store: MemoryStore, browser: TestClient) -> None:
    """On both pages, in the title and in what is to be typed."""
    asked(store, HOSTILE, 5, pipeline=HOSTILE, text=HOSTILE)
    address = of_check(HOSTILE, HOSTILE, "default")
    for path in ("/checks", address):
        text = browser.get(path).text
        assert "<img" not in text
        assert "\u202e" not in text
    assert address.replace("&", "&amp;") in browser.get("/checks").text
    assert "tocsin check run --pipeline &#39;&lt;img src=x" in browser.get(address).text
