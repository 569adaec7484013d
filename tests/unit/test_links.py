"""Links lead somewhere: to a page, to a heading of it, or to a site that somebody has looked at."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from committed import ROOT, committed_files
from links import anchors, targets

_DOCS = ROOT / "docs"
_PAGES = sorted(_DOCS.rglob("*.md"))
_DOCUMENTS = sorted(path for path in committed_files() if path.suffix == ".md")
_HERE = {"127.0.0.1", "localhost"}
_KNOWN_HOSTS = Path(__file__).with_name("known_hosts.txt")

pytestmark = pytest.mark.docs


def _outside() -> dict[str, str]:
    return {
        target: str(document.relative_to(ROOT))
        for document in _DOCUMENTS
        for target in targets(document)
        if urlsplit(target).scheme and urlsplit(target).hostname not in _HERE
    }


def _broken(document: Path, target: str) -> str:
    """Return what is wrong with a link to another document, or nothing."""
    path, _, anchor = target.partition("#")
    file = (document.parent / unquote(path)).resolve() if path else document
    if not file.exists():
        return "no such file"
    if anchor and file.suffix == ".md" and anchor not in anchors(file):
        return f"no such heading; there are: {', '.join(sorted(anchors(file)))}"
    return ""


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    """A relative link names a file that exists, and what follows the `#` is a heading of it."""
    inside = [target for target in targets(document) if not urlsplit(target).scheme]

    assert {target: why for target in inside if (why := _broken(document, target))} == {}


def test_links_to_other_sites_can_be_followed() -> None:
    """They are encrypted and name a host, or are addresses of mail."""
    wrong = {
        target: document
        for target, document in _outside().items()
        if not re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]+(/[^\s<>]*)?(#[^\s<>]*)?|mailto:\S+@\S+", target)
    }

    assert wrong == {}


def test_somebody_has_looked_at_each_site_that_is_linked_to() -> None:
    """The network is not asked; the hosts are those in known_hosts.txt, and each of them is linked to."""
    known = set(_KNOWN_HOSTS.read_text(encoding="utf-8").split())

    assert {urlsplit(target).hostname for target in _outside()} - {None} == known


def test_every_page_stands_in_a_group() -> None:
    """The list in docs/index.md is the navigation of the site: a page that is missing there is found by nobody."""
    listed = {(_DOCS / target.partition("#")[0]).resolve() for target in targets(_DOCS / "index.md")}
    # channels.md tells of the pages in channels/.
    missing = [page for page in _PAGES if page not in listed and page.parent.with_suffix(".md") not in listed]
    missing.remove(_DOCS / "index.md")

    assert [str(page.relative_to(_DOCS)) for page in missing] == [], (
        'add a line "- [Title](PAGE): what it tells." to its group below "All pages" in docs/index.md'
    )
