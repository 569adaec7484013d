"""The site that is made of docs/."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from committed import ROOT

#: What a browser fetches by itself.
_FETCHED = {"audio", "embed", "iframe", "img", "link", "script", "source", "video"}

pytestmark = pytest.mark.docs


class _Fetches(HTMLParser):
    """Collects what a page makes a browser fetch from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at an element."""
        addresses = [value or "" for name, value in attrs if tag in _FETCHED and name in {"href", "src", "srcset"}]
        self.found += [address for address in addresses if urlsplit(address).netloc]


def test_the_site_is_made_without_a_warning_and_needs_no_other_one(tmp_path: Path) -> None:
    """Each link and heading is found, each page is in the navigation, and nothing is loaded from elsewhere."""
    conf = ROOT / "tools/docs_site"
    build = [sys.executable, "-m", "sphinx", "--quiet", "--nitpicky", "--conf-dir", str(conf), str(ROOT / "docs")]
    done = subprocess.run([*build, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

    pages = {path.relative_to(tmp_path): path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.html")}
    fetches = _Fetches()
    for page in pages.values():
        fetches.feed(page)
    styles = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.css")]
    assert fetches.found == []
    assert [
        found for text in styles for found in re.findall(r"url\(\s*[\"']?(?:https?:)?//[^)]*|@import[^;]*", text)
    ] == []

    navigation = re.search(r'<div class="sidebar-tree">.*?</div>', pages[Path("index.html")], re.DOTALL)
    assert navigation is not None
    assert 'href="channels/slack.html"' in navigation[0]
    assert '<span class="caption-text">Reference</span>' in navigation[0]
