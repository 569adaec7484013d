"""A browser, and a server with a shop's pipelines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from chromium import CHROMIUM, MISSING, PATIENCE, Visit, running_chromium
from served_here import ServedHere, served_here
from watched_shop import Shop, copied, fill

expect.set_options(timeout=PATIENCE)


# While Playwright runs, nothing else in the thread can run a loop of asyncio: it ends before tests that do.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Run Chromium."""
    if CHROMIUM is None:
        assert "CI" not in os.environ, MISSING
        pytest.skip(MISSING)
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with a shop in it, to be copied."""
    home = tmp_path_factory.mktemp("filled")
    fill(home)
    return home


@pytest.fixture
def shop(filled_home: Path, tmp_path: Path) -> Iterator[Shop]:
    """Return a shop that a test may change."""
    opened = Shop(copied(filled_home, tmp_path / "home"))
    yield opened
    opened.store.close()


@pytest.fixture
def server(shop: Shop) -> Iterator[ServedHere]:
    """Serve the shop."""
    with served_here(shop.engine) as served:
        yield served


@pytest.fixture
def visit(chromium: Browser, server: ServedHere) -> Iterator[Callable[..., Visit]]:
    """Open windows, in which nothing may go wrong unless the test takes the complaints away."""
    opened: list[Visit] = []

    def open_window(**options: Any) -> Visit:
        opened.append(Visit(chromium, server.address, **options))
        return opened[-1]

    yield open_window
    for each in opened:
        each.close()
    assert [what for each in opened for what in each.complaints] == []
