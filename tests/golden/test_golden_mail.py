"""Each sample message as the HTML of a mail, as it was looked at; the text beside it is that of text/."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from sample_messages import SAMPLES
from tocsin.channels.formats.html import html

#: What a mail is made of. None of it loads, runs or sends anything.
TAGS = {"html", "head", "meta", "title", "body", "table", "tr", "td", "h1", "p", "b", "br", "pre", "a"}
ATTRIBUTES = {"lang", "charset", "name", "content", "role", "width", "cellpadding", "cellspacing", "border"} | {
    "bgcolor",
    "style",
    "align",
    "valign",
}
each_sample = pytest.mark.parametrize("name", SAMPLES)


class _Reader(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.styles = ""
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            if (tag, name) == ("a", "href"):
                self.links.append(value or "")
            else:
                self.attributes.add(name)
                self.styles += value or "" if name == "style" else ""

    def handle_data(self, data: str) -> None:
        self.text += data


@each_sample
def test_html(name: str, same_as_golden: Callable[[str, str], None]) -> None:
    """A card with a bar of colour, the facts in a table, code as it is, and links to press."""
    same_as_golden(f"html/{name}.html", html(SAMPLES[name]))


@each_sample
def test_html_loads_nothing(name: str) -> None:
    """Whatever a message holds, its page is made of harmless parts, and its links lead to the web."""
    page = _Reader(html(SAMPLES[name]))
    assert set(page.tags) <= TAGS
    assert page.attributes <= ATTRIBUTES
    assert "url(" not in page.styles
    assert all(link.startswith("https://") for link in page.links)


def test_hostile_text_is_text() -> None:
    """Markup in a message is shown as it was written."""
    page = _Reader(html(SAMPLES["hostile"]))
    assert "<b>html</b>" in page.text
    assert "&lt; &amp;" in page.text
    assert page.links == ["https://ok.example/?a=1&b=2"]


def test_long_message_is_shown_whole() -> None:
    """Gmail hides what comes after 102 KB, so the longest message stays below, and says what it leaves out."""
    page = html(SAMPLES["long"])
    assert len(page.encode()) < 102_000
    assert " more" in page
