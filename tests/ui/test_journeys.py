"""What people do on the pages, by the names that they and their screen readers find there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from playwright.sync_api import expect

from chromium import NARROW, Visit
from watched_shop import Shop

#: Opens windows: see the fixture.
OpenWindow: TypeAlias = Callable[..., Visit]


@pytest.mark.parametrize("scripts", [True, False])
def test_who_is_woken_acknowledges_on_a_phone(visit: OpenWindow, shop: Shop, *, scripts: bool) -> None:
    """From the first page it takes two taps to say that somebody takes care, and the page says what that means."""
    page = visit(width=NARROW, scripts=scripts).go("/")
    page.get_by_role("link", name="billing").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("billing failed")
    page.get_by_role("button", name="Acknowledge", exact=True).click()

    expect(page.get_by_role("status").filter(has_text="Acknowledged.")).to_be_visible()
    expect(page.get_by_text("by somebody").first).to_be_visible()
    with shop.store.reading() as tx:
        assert tx.alerts(subject="billing", limit=1)[0].acknowledged_by == "somebody"


@pytest.mark.parametrize("scripts", [True, False])
def test_who_silences_sees_before_what_falls_silent(visit: OpenWindow, shop: Shop, *, scripts: bool) -> None:
    """The form is filled in for the alert, and shows how many problems it mutes: live, or by a button."""
    page = visit(scripts=scripts).go(f"/alerts/{shop.alert_of('billing')}")
    page.get_by_role("link", name="Silence…").click()
    conditions = page.get_by_role("textbox", name="Conditions")
    conditions.fill('pipeline=~"billing|loud"')
    if not scripts:
        page.get_by_role("textbox", name="Ends").fill("2h")
        page.get_by_role("button", name="Preview").click()
    preview = page.get_by_role("region", name="Mutes 2 open alerts in 2 pipelines")
    expect(preview.get_by_role("link", name="loud")).to_be_visible()

    page.get_by_role("textbox", name="Ends").fill("2h")
    page.get_by_label("Reason").fill("the bank is closed")
    page.get_by_role("button", name="Silence", exact=True).click()
    expect(page.get_by_text("the bank is closed").first).to_be_visible()
    with shop.store.reading() as tx:
        assert "the bank is closed" in {one.reason for one in tx.silences(shop.now)}


def test_who_forgets_the_reason_is_told_by_the_field(visit: OpenWindow, shop: Shop) -> None:
    """What was typed stays, and the mistake stands beside its field."""
    page = visit(scripts=False).go(f"/silences/new?alert={shop.alert_of('billing')}")
    page.get_by_role("textbox", name="Ends").fill("yesterday")
    page.get_by_label("Reason").fill("the bank is closed")
    page.get_by_role("button", name="Silence", exact=True).click()

    expect(page.get_by_role("alert")).to_contain_text("Ends")
    expect(page.get_by_role("textbox", name="Ends")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("textbox", name="Ends")).to_have_value("yesterday")
    expect(page.get_by_label("Reason")).to_have_value("the bank is closed")


def test_why_nobody_was_told_stands_on_the_page(visit: OpenWindow, shop: Shop) -> None:
    """The page of an alert that was silenced names the silence, and leads to it."""
    page = visit().go(f"/alerts/{shop.alert_of('ads')}")

    why = page.get_by_role("region", name="Why nobody was told")
    expect(why).to_contain_text("silence")
    why.get_by_role("link", name="The silence that mutes it").click()
    expect(page.get_by_text("pipeline=", exact=False).first).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_what_was_filtered_can_be_shared(visit: OpenWindow, *, scripts: bool) -> None:
    """The address of a filtered list shows the same list to whoever gets it."""
    window = visit(scripts=scripts)
    page = window.go("/")
    page.get_by_role("searchbox", name="Name").fill("bill")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("row")).to_have_count(2)

    shared = visit().go(page.url.removeprefix(window.site))
    expect(shared.get_by_role("row")).to_have_count(2)
    expect(shared.get_by_role("searchbox", name="Name")).to_have_value("bill")
    shared.get_by_role("searchbox", name="Name").fill("")


def test_a_list_is_filtered_while_one_types(visit: OpenWindow) -> None:
    """The rows follow, the address too, and the cursor stays in the field; back undoes it."""
    page = visit().go("/")
    search = page.get_by_role("searchbox", name="Name")
    search.press_sequentially("bill", delay=20)

    expect(page.get_by_role("row")).to_have_count(2)
    expect(search).to_be_focused()
    assert "q=bill" in page.url


def test_alerts_are_filtered_by_tab_and_severity(visit: OpenWindow) -> None:
    """Tabs and filters are the address, and each tab says how many there are."""
    page = visit().go("/alerts")
    page.get_by_label("Severity").select_option("warning")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="orders").first).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="billing")).to_have_count(0)

    page.get_by_role("navigation", name="State of alerts").get_by_role("link", name="Acknowledged").click()
    assert "acknowledged" in page.url


def test_keys_move_along_rows_open_and_act(visit: OpenWindow) -> None:
    """J and k go from row to row, Enter opens, a acknowledges, and ? tells all of them."""
    page = visit().go("/alerts")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys.get_by_role("cell", name="Acknowledge the alert of the row, or of the page")).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()

    rows = page.locator("[data-row]").get_by_role("link").and_(page.locator("[data-open]"))
    page.keyboard.press("j")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(0)).to_be_focused()
    where = rows.nth(0).get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{where}")
    page.keyboard.press("a")
    expect(page.get_by_role("status").filter(has_text="Acknowledged.")).to_be_visible()


def test_a_key_that_follows_escape_at_once_is_heard(visit: OpenWindow) -> None:
    """A closed dialog has the focus until the next frame: who types fast loses no key to it."""
    page = visit().go("/alerts")
    page.keyboard.press("?")
    focused = page.evaluate(
        """() => {
          document.getElementById("keys").close();
          const stays = document.activeElement.closest("dialog") !== null;
          document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }));
          return [stays, document.activeElement.matches("[data-row] a[data-open]")];
        }"""
    )
    assert focused == [True, True]


def test_keys_that_act_can_be_switched_off(visit: OpenWindow) -> None:
    """Who speaks to the computer acknowledges nothing by a word; and in a field keys are letters."""
    page = visit().go("/")
    page.get_by_role("searchbox", name="Name").press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.get_by_role("searchbox", name="Name").fill("")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    page.get_by_label("Single keys act").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    page.reload()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_look_and_zone_are_kept(visit: OpenWindow, shop: Shop) -> None:
    """What was chosen holds on every page, and after the browser was closed."""
    page = visit().go(f"/alerts/{shop.alert_of('billing')}")
    expect(page.locator("main time").first).to_contain_text("10:30")
    page.get_by_label("Times in").select_option("UTC")
    expect(page.locator("main time").first).to_contain_text("09:30")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_label("Look").select_option("Dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light

    page.goto("/help")
    expect(page.get_by_label("Look")).to_have_value("dark")
    expect(page.get_by_label("Times in")).to_have_value("utc")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_texts_from_outside_are_texts(visit: OpenWindow) -> None:
    """Markup, scripts and what turns text around are shown or taken out, on every way to the run."""
    page = visit().go("/")
    page.get_by_role("link", name="<img src=x").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=x onerror=")
    assert page.locator("main img").count() == 0
    assert "\u202e" not in page.content()
    assert "\x1b" not in page.content()


def test_a_line_of_a_million_characters_leaves_the_page_small(visit: OpenWindow) -> None:
    """What no page can show is cut, and the page says where all of it is."""
    page = visit(width=NARROW).go("/runs/loud1")

    expect(page.get_by_role("heading", level=1)).to_contain_text("loud")
    assert len(page.content()) < 200_000
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW


def test_an_unknown_run_says_what_was_asked_for(visit: OpenWindow) -> None:
    """The page of something that is not there names what is near."""
    page = visit().go("/runs/search-other")

    expect(page.get_by_role("main")).to_contain_text("search-other")
    expect(page.get_by_role("link", name="search-run")).to_be_visible()


def test_a_link_in_a_message_does_nothing_until_its_button_is_pressed(visit: OpenWindow, shop: Shop) -> None:
    """Mail scanners open links; only a person presses the button, once."""
    page = visit(width=NARROW).go(shop.link_of("loud", "Acknowledge"))
    page.reload()
    with shop.store.reading() as tx:
        assert tx.alerts(subject="loud", limit=1)[0].acknowledged_by is None
    page.get_by_role("button", name="Acknowledge").click()

    expect(page.get_by_role("status")).to_contain_text("Acknowledged")
    with shop.store.reading() as tx:
        assert tx.alerts(subject="loud", limit=1)[0].acknowledged_by == "link from ops"
