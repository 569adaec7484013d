"""`/rules`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from made import NOON
from recorded_runs import HOSTILE
from reported import SETTINGS, reported
from tocsin.config.layer import Layer
from tocsin.config.load import load
from tocsin.engine.opening import open_engine
from tocsin.web.app import create_app
from tocsin.web.pages import rules

LAYER = Layer(origin="/srv/config.toml", values={"tocsin": {**SETTINGS, "died_after": "3m"}}, secrets_allowed=False)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Give a browser on the machine of a server that has seen a month of runs."""
    home: Path = tmp_path_factory.mktemp("rules")
    engine = open_engine(load([LAYER], home=home), store=reported(home, name=HOSTILE), clock=lambda: NOON)
    with TestClient(create_app(engine), base_url="http://127.0.0.1", headers={"Accept": "text/html"}) as client:
        yield client


def cells(text: str, name: str) -> str:
    """Return the rows of the table that begin with this."""
    rows = [row for row in text.split("<tr>") if f'data-label="Watches" class="broken">{name}<' in row]
    assert rows, name
    return "".join(rows)


def test_pipelines_are_listed_with_who_says_what_is_expected(browser: TestClient) -> None:
    """Learned, or in which file; and what holds for all, with its file."""
    text = browser.get("/rules").text
    # The store was filled by an engine whose settings came from "test".
    assert "0 6 * * *, test" in text
    assert "3 settings in /srv/config.toml" in text
    assert "every 1h, learned from" in text
    assert "tocsin.died_after" in text
    assert "3 min" in text
    assert "<img" not in text
    assert "stock" in browser.get("/rules?q=sto").text
    assert "No pipeline fits" in browser.get("/rules?q=nothing").text


def test_each_rule_says_what_it_asks_what_there_is_and_where_it_comes_from(browser: TestClient) -> None:
    """Those that are broken come first, and the bar of each says in words what it shows."""
    text = browser.get("/rules?pipeline=orders").text
    assert "rules broken" in text
    assert text.index("has_customer") < text.index(">outcome<") < text.index("unique_id")
    start = cells(text, "start")
    assert "within 30 min of 0 6 * * *" in start
    assert "/srv/config.toml: tocsin.pipelines.orders.start_within" in start
    assert "/srv/config.toml: tocsin.died_after" in cells(text, "signs of life")
    volume = cells(text, "rows of orders")
    assert "learned from 26 runs" in volume
    assert "outside" in volume
    assert 'aria-label="1,274, expected' in volume
    assert "% left" in cells(text, "duration")
    assert "tocsin.pipelines.orders.tables.refunds.fresh_within" in cells(text, "age of refunds")


def test_rules_are_tried_on_the_last_month_when_somebody_asks(browser: TestClient) -> None:
    """The page then stays as it is, because each try is work."""
    before = browser.get("/rules?pipeline=orders").text
    assert "How often would they have fired?" in before
    assert 'id="live"' in before
    text = browser.get("/rules?pipeline=orders&environment=default&backtest=true").text
    assert "These rules would have fired 4 times in 29 d" in text
    assert "not started" in text
    assert 'id="live"' not in text


def test_one_try_is_made_at_a_time(browser: TestClient) -> None:
    """Who comes meanwhile hears that, and sees the rules all the same."""
    with rules._one_at_a_time:
        text = browser.get("/rules?pipeline=orders&backtest=true").text
    assert "Somebody else asks this now" in text
    assert "In force" in text


def test_a_pipeline_that_nobody_knows_is_no_empty_list(browser: TestClient) -> None:
    """It leads to the names that are near."""
    answer = browser.get("/rules?pipeline=ordres")
    assert answer.status_code == 404
    assert "orders" in answer.text


def test_names_from_outside_stay_text(browser: TestClient) -> None:
    """In the title, in keys and in bars."""
    text = browser.get("/rules", params={"pipeline": HOSTILE, "environment": "default", "backtest": "true"}).text
    assert "Rules of &lt;img" in text
    assert "<img" not in text
    assert "\u202e" not in text
