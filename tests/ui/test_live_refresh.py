"""Pages that stay open: they follow what happens, keep what is being done on them, and say when they are old."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import Browser, Page, expect

from chromium import Visit
from made import at, good_run, run
from served_here import ServedHere, served_here
from watched_shop import NAME, PASSWORD, Shop

#: Opens windows: see the fixture.
OpenWindow: TypeAlias = Callable[..., Visit]
GOOD, BAD = re.compile("favicon-good"), re.compile("favicon-bad")
#: More milliseconds than pass between two refreshes.
A_WHILE = 16_000


@pytest.fixture
def watched(visit: OpenWindow) -> Callable[[str], Page]:
    """Open a page in a browser whose time can be moved on."""

    def open_page(path: str) -> Page:
        window = visit()
        window.page.clock.install()
        return window.go(path)

    return open_page


def later(page: Page) -> None:
    """Let a while pass in the browser, in which the page fetches itself anew."""
    with page.expect_response(lambda answer: answer.request.resource_type in {"fetch", "xhr"}):
        page.clock.fast_forward(A_WHILE)


def test_title_sign_and_verdict_follow_what_happens(watched: Callable[[str], Page], shop: Shop) -> None:
    """Whoever has the page in a tab behind others sees there that something has broken, and that it is well again."""
    page = watched("/pipelines/stock")
    icon = page.locator("#favicon")
    expect(icon).to_have_attribute("href", GOOD)
    shop.report(run("stock-now", ended=1, pipeline="stock"))
    later(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("stock")
    expect(icon).to_have_attribute("href", BAD)
    shop.report(good_run("stock-then", ended=3, pipeline="stock"))
    later(page)
    expect(icon).to_have_attribute("href", GOOD)


def test_a_refresh_keeps_text_focus_and_place(watched: Callable[[str], Page], shop: Shop) -> None:
    """Half a word in a field holds the refresh; when the field is left, the news come and the word stays."""
    page = watched("/")
    search = page.get_by_role("searchbox", name="Name")
    page.get_by_label("With").focus()
    link = page.get_by_role("row").get_by_role("link", name="users")
    link.scroll_into_view_if_needed()
    link.focus()
    place = page.evaluate("scrollY")
    page.evaluate("document.getElementById('q').value = 'half a wo'")
    shop.report(run("mail-again", ended=1, pipeline="mail"))
    later(page)

    expect(page.get_by_role("row").filter(has_text="mail")).to_contain_text("failed")
    expect(search).to_have_value("half a wo")
    expect(link).to_be_focused()
    assert place > 0


def test_nothing_is_asked_for_while_somebody_types_or_has_paused(watched: Callable[[str], Page]) -> None:
    """What is being written or read is not moved about."""
    page = watched("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.resource_type == "fetch" else None)
    page.get_by_label("With").focus()
    page.clock.fast_forward(A_WHILE)
    page.get_by_role("heading", level=1).click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "true")
    page.clock.fast_forward(A_WHILE)
    page.clock.fast_forward(A_WHILE)
    assert asked == []

    with page.expect_response("**/"):
        page.get_by_role("button", name="Pause").click()


def test_who_reads_old_news_is_told_so(visit: OpenWindow, server: ServedHere) -> None:
    """After three refreshes without an answer a banner stands above what was last known; it goes with the next one."""
    window = visit()
    window.page.clock.install()
    page = window.go("/")
    banner = page.get_by_role("status").filter(has_text="No answer from Tocsin")
    server.stop()
    for _ in range(3):
        expect(banner).to_be_hidden()
        with page.expect_event("requestfailed"):
            page.clock.fast_forward(A_WHILE)
    expect(banner).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="billing").first).to_be_visible()

    server.start()
    later(page)
    expect(banner).to_be_hidden()
    window.complaints.clear()  # the browser says each time that nobody answers


def test_the_page_of_a_run_moves_on_until_it_ends(watched: Callable[[str], Page], shop: Shop) -> None:
    """A run that goes on is fetched more often, and its end is shown."""
    page = watched("/runs/search-run")
    expect(page.locator("#live[data-running]")).to_be_attached()
    shop.report(good_run("search-run", pipeline="search", started_at=at(-8), ended_at=at(1)))
    with page.expect_response("**/runs/search-run"):
        page.clock.fast_forward(6_000)

    expect(page.get_by_role("heading", level=1)).to_contain_text("succeeded")
    expect(page.locator("#live[data-running]")).not_to_be_attached()


def test_an_empty_page_fills_with_the_first_run(chromium: Browser, tmp_path: Path) -> None:
    """Whoever has just installed Tocsin reads what to type, and sees the run come without a reload."""
    shop = Shop(tmp_path)
    with served_here(shop.engine) as server:
        window = Visit(chromium, server.address)
        window.page.clock.install()
        page = window.go("/")
        expect(page.get_by_role("main")).to_contain_text("pip install dlt-tocsin")
        shop.report(good_run())
        later(page)

        expect(page.get_by_role("link", name="orders")).to_be_visible()
        assert window.complaints == []
        window.close()
    shop.store.close()


@pytest.fixture
def closed(shop: Shop) -> Shop:
    """Return a shop whose server asks who is there."""
    shop.add_user()
    return shop


def log_in(page: Page) -> None:
    """Fill in the form of the login."""
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_a_login_leads_to_the_page_that_was_asked_for(closed: Shop, visit: OpenWindow) -> None:
    """A wrong password is said, the right one leads on, what is done bears the name, and the way out closes all."""
    window = visit()
    page = window.go(f"/alerts/{closed.alert_of('billing')}")
    window.complaints.clear()
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong")
    window.complaints.clear()  # the browser says that it got 401
    log_in(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("billing failed")

    page.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(page.get_by_text(f"by {NAME}").first).to_be_visible()
    page.get_by_role("button", name=f"Log out {NAME}").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    page.goto("/")
    expect(page.get_by_label("Password")).to_be_visible()
    window.complaints.clear()


def test_a_session_that_ends_under_an_open_page_leads_to_the_login_and_back(closed: Shop, visit: OpenWindow) -> None:
    """A page that nobody may see any more does not go on to show what it knew."""
    window = visit()
    window.page.clock.install()
    page = window.go("/alerts")
    log_in(page)
    expect(page.get_by_role("row").filter(has_text="billing").first).to_be_visible()
    closed.now += timedelta(days=400)
    page.clock.fast_forward(A_WHILE)
    expect(page.get_by_label("Password")).to_be_visible()
    log_in(page)

    expect(page.get_by_role("row").filter(has_text="billing").first).to_be_visible()
    assert page.url == f"{window.site}/alerts"
    window.complaints.clear()
