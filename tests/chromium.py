"""Chromium as Debian packages it, and what it complains of while it shows pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

CHROMIUM = os.environ.get("TOCSIN_TEST_CHROMIUM") or shutil.which("chromium")
#: A test that needs it skips with these words.
MISSING = "Chromium is not installed: type make receivers, or install Debian's package chromium"
#: Milliseconds that something may take on a machine that is busy.
PATIENCE = 30_000
WIDE, NARROW = 1280, 375


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Run it for the length of a `with` block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """Somebody at a browser who has been nowhere."""

    def __init__(
        self,
        browser: Browser,
        site: str,
        *,
        width: int = WIDE,
        look: Literal["light", "dark"] = "light",
        scripts: bool = True,
        **options: Any,
    ) -> None:
        """Open a window.

        Args:
            browser: Where.
            site: The address that all paths are below.
            width: Of the window, in pixels.
            look: What their system is set to.
            scripts: Whether pages may run scripts.
            options: Others of the window.
        """
        self.site = site
        self.complaints: list[str] = []
        height = 667 if width == NARROW else 800
        options = {"timezone_id": "Europe/Berlin", "locale": "en-GB", "reduced_motion": "reduce", **options}
        self._context = browser.new_context(
            base_url=site,
            viewport={"width": width, "height": height},
            color_scheme=look,
            java_script_enabled=scripts,
            **options,
        )
        self._context.set_default_timeout(PATIENCE)
        self.page: Page = self._context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self._complain(str(error)))
        self.page.on("request", self._asked)

    def go(self, path: str) -> Page:
        """Open a page and return it when its script has run."""
        self.page.goto(path)
        return self.page

    def close(self) -> None:
        """Close the window."""
        self._context.close()

    def _said(self, said: ConsoleMessage) -> None:
        # A page that is answered with 404 is reported as well.
        if said.type in {"error", "warning"} and said.location["url"] != self.page.url:
            self._complain(said.text)

    def _complain(self, what: str) -> None:
        self.complaints.append(what)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.site}/", "data:")):
            self._complain(f"asked {request.url}")
