"""The report: one file that is harmless, complete and of a usable size, whatever it tells of."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from made import NOON, at, good_run, run
from recorded_runs import HOSTILE, recorded
from reported import reported
from tocsin.core.series import Key, Series, observe
from tocsin.report.facts import Overview, read_overview
from tocsin.report.page import draw
from tocsin.store.memory import MemoryStore
from tocsin.store.protocol import Store

#: What a report is made of. None of it loads, runs or sends anything.
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "details", "summary"),
    *("div", "p", "span", "b", "small", "time", "a", "ul", "li", "h1", "h2", "h3"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("svg", "symbol", "use", "g", "path", "rect", "line", "text", "polygon", "polyline"),
}


class _Reader(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.ids: set[str] = set()
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            self.attributes.add(name)
            if name in {"href", "src"}:
                self.addresses.add(value or "")
            if name == "id":
                self.ids.add(f"#{value}")

    def handle_data(self, data: str) -> None:
        self.text += f"{data}\n"


def _overview(store: Store, days: int = 30, pipeline: str | None = None) -> Overview:
    with store.reading() as tx:
        return read_overview(tx, now=NOON, days=days, environment="default", pipeline=pipeline)


def _page(store: Store, days: int = 30) -> str:
    return draw(_overview(store, days), false_alerts=0.3)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the report of a store in which names and messages try to be markup."""
    return _page(reported(tmp_path_factory.mktemp("home"), days=12, name=HOSTILE), 12)


def test_hostile_text_is_only_ever_text(hostile: str) -> None:
    """Names of pipelines, tables and owners, and messages, become no element and no attribute; nothing is hidden."""
    page = _Reader(hostile)

    assert set(page.tags) <= TAGS
    assert {name for name in page.attributes if name.startswith("on")} == set()
    assert '<img src=x onerror="alert(1)">&amp;' in page.text
    assert not re.search(r"[\x00-\x08\x1b\u202e]", hostile)


def test_the_file_asks_nobody_for_anything(hostile: str) -> None:
    """No address leads out of the file, and the browser is told to load nothing."""
    page = _Reader(hostile)

    assert page.addresses <= page.ids
    assert "http-equiv" in page.attributes
    assert "default-src 'none'; style-src 'unsafe-inline'" in hostile
    assert not re.search(r"@import|url\(|<script|<link|<iframe|javascript:", hostile)


def test_problems_come_first(tmp_path: Path) -> None:
    """What fails stands above tables with odd numbers, and pipelines without a problem are closed below."""
    overview = _overview(reported(tmp_path))
    page = draw(overview, false_alerts=0.3)

    assert [facts.pipeline for facts in overview.pipelines] == ["events", "orders", "customers", "stock"]
    assert page.index("Needs attention") < page.index("Pipelines<")
    assert re.findall(r'<details id="(p\d)"( open)?', page) == [
        ("p1", " open"),
        ("p2", " open"),
        ("p3", ""),
        ("p4", ""),
    ]


def test_each_part_says_what_is_to_be_seen(tmp_path: Path) -> None:
    """Runs, tables, steps, checks, failures, slots and changes of a pipeline are all told in words."""
    text = _Reader(draw(_overview(reported(tmp_path), pipeline="orders"), false_alerts=0.3)).text

    for words in (
        "Runs: 27 of the last 29 went well",
        "Duration: 7 min 9 s, expected ",
        "5 h 59 min ago, within 1 d 2 h",
        "✕ 212 of 12,000 rows fail (1.77 %)",
        "extract of orders failed: 503 Server Error",
        "+ discount",
        "2026-11-12 06:00 UTC, due, and nothing began",
        "2026-11-06 06:00 UTC, failed, took 40 s",
    ):
        assert words in text


def test_an_empty_store_says_what_to_do() -> None:
    """Who has just installed Tocsin reads what makes the report worth opening."""
    text = _Reader(_page(MemoryStore())).text

    assert "No run has been seen yet" in text
    assert "Run a dlt pipeline" in text


def test_a_pipeline_that_is_expected_and_never_ran_is_listed(tmp_path: Path) -> None:
    """A run that nobody started is what monitoring is for."""
    store = reported(tmp_path, days=3)
    with store.writing() as tx:
        known = tx.expectation("orders", "default")
        assert known is not None
        tx.save_expectations([replace(known, pipeline="invoices")])

    (invoices,) = _overview(store, pipeline="invoices").pipelines

    assert list(invoices.runs) == []
    assert "never ran" in _Reader(draw(_overview(store, pipeline="invoices"), false_alerts=0.3)).text


def test_the_last_run_is_told_however_old_it_is() -> None:
    """A pipeline that stands still for longer than the report looks back is still in it."""
    store = MemoryStore()
    with store.writing() as tx:
        tx.save_run(run(ended=-60 * 24 * 40))

    (facts,) = _overview(store, days=30).pipelines

    assert [one.id for one in facts.runs] == ["run1"]


def test_a_fleet_is_one_usable_file() -> None:
    """Sixty pipelines of ten tables are a file of less than 3 MB: those in less trouble have fewer charts."""
    store = MemoryStore()
    series: dict[Key, Series] = {}
    runs = [one for one in recorded(days=8) if one.pipeline == "customers"]
    for one in runs:
        series |= observe(one, series)
    tables = [replace(next(iter(series.values())), item=f"table_{number}") for number in range(10)]
    with store.writing() as tx:
        for number in range(60):
            name = f"pipeline-{number:02}"
            tx.save_series([replace(one, pipeline=name) for one in (*series.values(), *tables)])
            for one in runs:
                tx.save_run(replace(one, id=f"{name}-{one.id}", pipeline=name))

    page = _page(store)

    assert page.count("<details") == 60
    assert len(page) < 3_000_000


def test_what_is_left_out_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """More pipelines than fit are a number at the end, and never silently missing."""
    monkeypatch.setattr("tocsin.report.page._PIPELINES", 2)
    store = MemoryStore()
    with store.writing() as tx:
        for number in range(5):
            tx.save_run(good_run(f"run{number}", pipeline=f"p{number}", ended=-number, started_at=at(-number - 1)))

    assert "+3 more pipelines" in _page(store)


def test_alerts_about_nothing_that_ran_are_told_too(tmp_path: Path) -> None:
    """A channel that cannot deliver is a problem although it is no pipeline."""
    store = reported(tmp_path, days=2)
    with store.writing() as tx:
        (alert, *_) = tx.alerts(open_only=True)
        tx.save_alert(replace(alert, id="channel1", fingerprint="f", subject="ops", environment=""))

    overview = _overview(store)

    assert [one.subject for one in overview.other_alerts] == ["ops"]
    assert "ops" in _Reader(draw(overview, false_alerts=0.3)).text
    assert overview.since == NOON - timedelta(days=30)
