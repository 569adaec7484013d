"""The page of a pipeline, and the list of its runs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from desk import Desk
from made import NOON, at, good_run, run
from recorded_runs import HOSTILE
from reported import reported
from tocsin.config.model import PipelineConfig
from tocsin.core.access import Scope
from tocsin.core.learned_order import LearnedOrder
from tocsin.core.run import Context, Link, Outcome, Run
from tocsin.engine.api_keys import create_key
from tocsin.engine.days import make_days
from tocsin.store.memory import MemoryStore
from tocsin.store.protocol import Store
from tocsin.web.app import create_app

ORDERS = "/pipelines/orders?environment=default"
PIPELINES = {
    "orders": PipelineConfig(owner="sales", tags=("gold",), after=("stock",)),
    "revenue": PipelineConfig(after=("orders",)),
}


def browser_of(house: Desk, **headers: str) -> TestClient:
    """Return a browser on the machine of a server that knows nobody; what it shows besides stands in `headers`."""
    app = create_app(house.engine)
    return TestClient(
        app,
        base_url="http://127.0.0.1:8765",
        client=("127.0.0.1", 50000),
        headers={"accept": "text/html", **headers},
        follow_redirects=False,
    )


def text(page: str) -> str:
    """Return what a person reads."""
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split())).replace(" ,", ",")


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """Return a browser on a server that has seen two weeks of four pipelines."""
    home = tmp_path_factory.mktemp("home")
    house = Desk(home, reported(home, days=14), pipelines=PIPELINES)
    make_days(house.engine)
    with house.store.writing() as tx:
        tx.save_learned_orders("churn", "default", [LearnedOrder(upstream="orders", downstream="churn", runs=14)])
        known = tx.expectation("orders", "default")
        assert known is not None
        tx.save_expectations([replace(known, pipeline="invoices")])
        tx.save_run(good_run("prod1", pipeline="orders", environment="prod"))
        tx.save_run(run("rev1", pipeline="revenue", ended=-30))
    return browser_of(house)


def store_of(*runs: Run) -> Store:
    """Return a store that holds runs."""
    store = MemoryStore()
    with store.writing() as tx:
        for one in runs:
            tx.save_run(one)
    return store


def test_the_page_tells_how_a_pipeline_is_and_was(month: TestClient) -> None:
    """State, schedule, owner, runs, tables with the expected range, checks, changes and problems are all told."""
    page = month.get(ORDERS)
    told = text(page.text)

    assert page.status_code == 200
    for words in (
        "▲ Unusual number of rows in order_lines since 2026-11-23 06:0",
        "Schedule 0 6 * * *, UTC Next due 2026-11-24 06:00 UTC",
        "Loads into postgres.shop Owner sales Tags gold",
        "Runs: 14 of the last 14 went well",
        " s, expected ",
        "refunds",
        "within 1 d 2 h",
        "✕ 212 of 12,000 rows fail (1.77 %)",
        "orders : + discount",
        "Problems that are over",
        "a run loaded",
    ):
        assert words in told, words
    assert "<title>orders: Unusual number of rows in order_lines, 1 more problem · Tocsin</title>" in page.text


def test_each_mark_leads_to_its_run(month: TestClient) -> None:
    """Of the links of a strip Tab reaches the newest; a slot that was missed is a mark and no link."""
    strip = re.findall(r'<svg class="strip".*?</svg>', month.get(ORDERS).text)[0]

    assert 'role="group"' in strip
    assert strip.count("<a href=") == 14
    assert re.findall(r'<a href="([^"]+)" [^>]*tabindex="0"', strip) == ["/runs/11230601-orders"]
    assert "2026-11-12 06:00 UTC, due, and nothing began" in strip


def test_a_day_looks_like_its_worst_run(month: TestClient) -> None:
    """The calendar knows days from their sums and today from its runs, and leads to the runs of the day."""
    calendar = re.findall(r'<svg class="calendar".*?</svg>', month.get("/pipelines/stock?environment=default").text)[0]

    assert re.search(r'aria-label="Sun 2026-11-22: \d+ succeeded, [^"]*1 died[^"]*"', calendar)
    assert "Mon 2026-11-23: " in calendar
    assert 'class="bad-mark"' in calendar
    assert "/pipelines/stock/runs?environment=default&amp;before=2026-11-23T00%3A00%3A00%2B00%3A00" in calendar


def test_upstreams_and_downstreams_are_drawn_with_their_states(month: TestClient) -> None:
    """Configured and learned order alike; what was learned says from what."""
    page = month.get(ORDERS).text
    graph = re.findall(r'<svg class="graph".*?</svg>', page)[0]

    assert re.findall(r"<title>(.*?)</title>", graph) == [
        "stock: succeeded",
        "orders: succeeded",
        "churn: never ran",
        "revenue: failed",
    ]
    assert graph.count('class="edge"') == 2
    assert graph.count('class="learned edge"') == 1
    assert "churn usually starts after orders, learned from 14 runs." in text(page)


def test_the_range_is_in_the_address(month: TestClient) -> None:
    """Charts and lists follow it; a range that does not exist is the usual one."""
    day, quarter = (month.get(f"{ORDERS}&range={name}").text for name in ("24h", "90d"))

    assert "+ discount" not in day
    assert "+ discount" in quarter
    assert 'range=24h" aria-current="page"' in day
    assert 'range=30d" aria-current="page"' in month.get(f"{ORDERS}&range=5y").text


def test_what_never_ran_says_what_to_do(month: TestClient) -> None:
    """A pipeline of which runs are expected has a page before it has a run."""
    told = text(month.get("/pipelines/invoices?environment=default").text)

    assert "Never ran" in told
    assert "Next due 2026-11-24 06:00 UTC" in told
    assert "python your_pipeline.py" in told


def test_a_name_that_is_not_there_leads_to_those_that_are(month: TestClient) -> None:
    """A slip in the name gets a page with the nearest ones, and a name without its environment the one it has."""
    unknown = month.get("/pipelines/ordes?environment=default")
    somewhere = month.get("/pipelines/stock")

    assert unknown.status_code == 404
    assert "There is no pipeline 'ordes'" in text(unknown.text)
    assert f'href="{ORDERS}"' in unknown.text
    assert (somewhere.status_code, somewhere.headers["location"]) == (307, "/pipelines/stock?environment=default")


def test_a_run_that_goes_on_is_told_as_running(tmp_path: Path) -> None:
    """The page looks for news more often then."""
    going = replace(run("going", outcome=Outcome.RUNNING, cause=None), ended_at=None)
    page = browser_of(Desk(tmp_path, store_of(going))).get(ORDERS).text

    assert "data-running" in page
    assert "● Running since 2026-11-23 12:00 UTC" in text(page)


def test_hostile_names_are_only_ever_text(tmp_path: Path) -> None:
    """Names, messages and links of a run become no element, and only web addresses become links."""
    links = (Link(label=HOSTILE, url="https://ci.example.com/1"), Link(label="x", url="javascript:alert(1)"))
    bad = run("bad1", pipeline=HOSTILE, note=HOSTILE, cause=None, context=Context(links=links, owner=HOSTILE))
    house = Desk(tmp_path, store_of(bad), pipelines={"orders": PipelineConfig(after=(HOSTILE,))})
    browser = browser_of(house)
    address = f"/pipelines/{quote(HOSTILE, safe='')}"

    for path in (f"{address}?environment=default", f"{address}/runs?environment=default", address + "x"):
        page = browser.get(path).text
        # Within an attribute the quotes are escaped, within a text the bracket.
        assert '<img src=x onerror="' not in page
        assert "javascript:" not in page
        assert not re.search("[\x1b\u202e]", page)
    assert 'href="https://ci.example.com/1"' in browser.get(f"{address}?environment=default").text


def test_a_name_may_hold_a_slash(tmp_path: Path) -> None:
    """It is one part of the address, on the page and in the list of the runs."""
    browser = browser_of(Desk(tmp_path, store_of(good_run("eu1", pipeline="stock/eu"))))

    assert "/runs/eu1" in browser.get("/pipelines/stock%2Feu?environment=default").text
    assert "/runs/eu1" in browser.get("/pipelines/stock%2Feu/runs?environment=default").text


def test_runs_are_listed_and_filtered(tmp_path: Path) -> None:
    """All runs in pages, those that ended in one way, and those before a day; what was chosen stays."""
    bad = [run(f"bad{number}", ended=-number) for number in range(60)]
    browser = browser_of(Desk(tmp_path, store_of(*bad, good_run("good1", ended=5))))
    path = "/pipelines/orders/runs?environment=default"

    first = browser.get(f"{path}&outcome=failed").text
    (older,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = browser.get(unescape(older)).text

    assert first.count("data-row") == 50
    assert second.count("data-row") == 10
    assert "good1" not in first + second
    assert "succeeded" in text(browser.get(path).text)
    assert (
        browser.get(path, params={"before": at(-55).isoformat(), "environment": "default"}).text.count("data-row") == 5
    )
    assert "No run fits" in browser.get(f"{path}&outcome=partial").text


def test_a_key_sees_its_environment_alone(tmp_path: Path) -> None:
    """The page and the list of another environment are refused."""
    house = Desk(tmp_path, store_of(good_run("prod1", environment="prod"), good_run("test1", environment="test")))
    scopes, environments = [Scope.READ], ["prod"]
    _, key = create_key(
        house.engine, name="watcher", scopes=scopes, environments=environments, expires_at=None, by="test"
    )
    browser = browser_of(house, authorization=f"Bearer {key}")

    assert browser.get("/pipelines/orders?environment=prod").status_code == 200
    assert browser.get("/pipelines/orders?environment=test").status_code == 403
    assert browser.get("/pipelines/orders/runs?environment=test").status_code == 403
    assert browser.get("/pipelines/orders").headers["location"] == "/pipelines/orders?environment=prod"


def test_what_is_old_is_not_called_new(tmp_path: Path) -> None:
    """A pipeline that stands still for months has a page that says when it ran last."""
    old = good_run("old1", started_at=NOON - timedelta(days=200), ended_at=NOON - timedelta(days=200))

    assert "Last run 200 d ago" in text(browser_of(Desk(tmp_path, store_of(old))).get(ORDERS).text)
