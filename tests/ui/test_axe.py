"""Every page, wide and narrow, light and dark: whoever reads it with other senses misses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has none
from playwright.sync_api import Browser, Page

from chromium import NARROW, WIDE, Visit
from served_here import served_here
from shown_pages import ADDRESSES, addresses, route_of, routes
from watched_shop import Shop, copied

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_AXE = Axe()


@pytest.fixture(scope="module")
def shown(filled_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """Serve a shop that nobody changes: its address, and those of its pages."""
    shop = Shop(copied(filled_home, tmp_path_factory.mktemp("shown") / "home"))
    with served_here(shop.engine) as server:
        yield server.address, addresses(shop)
    shop.store.close()


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", ADDRESSES)
def test_nothing_stands_in_anybodys_way(
    chromium: Browser, shown: tuple[str, dict[str, str]], name: str, width: int
) -> None:
    """A page has no fault that axe finds, fits the window, asks nobody else, and the browser complains of nothing."""
    site, paths = shown
    visit = Visit(chromium, site, width=width)
    page = visit.go(paths[name])

    assert page.title()
    assert _faults(page, TAGS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # Nothing but colours depends on the look.
    page.emulate_media(color_scheme="dark")
    assert _faults(page, ["color-contrast"]) == []
    assert visit.complaints == []
    visit.close()


def test_every_page_is_among_them(shown: tuple[str, dict[str, str]]) -> None:
    """Whoever adds a page has it looked at here."""
    paths = [path.partition("?")[0] for path in shown[1].values()]

    assert {route_of(path) for path in paths} >= routes()


def _faults(page: Page, rules: list[str]) -> list[str]:
    """Return what breaks rules of axe, or of standards that it knows by tags."""
    found = _AXE.run(page, options={"runOnly": rules, "resultTypes": ["violations"]}).response["violations"]
    return [
        f"{fault['id']}: {node['html'][:200]}: {node['failureSummary']}" for fault in found for node in fault["nodes"]
    ]
