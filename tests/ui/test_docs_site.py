"""The documentation as a site."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has none
from playwright.sync_api import Browser, expect

from chromium import NARROW, Visit
from committed import ROOT

#: The one has a picture and lists, the other wide tables and code.
_LOOKS: dict[str, Literal["light", "dark"]] = {"index": "light", "configuration": "dark"}

pytestmark = pytest.mark.docs


def test_the_site_is_whole_and_stands_alone(chromium: Browser, tmp_path: Path) -> None:
    """It is made without a warning; on a phone it fits, asks no other site, and hinders nobody; it can be searched."""
    build = [sys.executable, "-m", "sphinx", "--quiet", "--nitpicky", "--conf-dir", str(ROOT / "tools/docs_site")]
    done = subprocess.run([*build, str(ROOT / "docs"), str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    with _served(tmp_path) as site:
        for name, look in _LOOKS.items():
            visit = Visit(chromium, site, width=NARROW, look=look)
            page = visit.go(f"/{name}.html")
            assert [fault["help"] for fault in Axe().run(page).response["violations"]] == [], name
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
            assert visit.complaints == []
            visit.close()
        visit = Visit(chromium, site)
        found = visit.go("/search.html?q=escalation").locator("#search-results li")
        expect(found.filter(has_text="Who hears of what")).not_to_have_count(0)
        assert visit.complaints == []
        visit.close()


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a folder, and say nothing about it."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
