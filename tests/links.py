"""The links in the documents, and what they can lead to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark").enable("table")


def targets(document: Path) -> Iterator[str]:
    """Yield where the links and pictures of a document lead, in their order."""
    for token in _MARKDOWN.parse(document.read_text(encoding="utf-8")):
        for part in token.children or ():
            target = part.attrGet("href") or part.attrGet("src")
            if target:
                yield str(target)


@cache
def anchors(document: Path) -> frozenset[str]:
    """Return what can follow the `#` of a link to a document: its headings, as GitHub and the site write them."""
    tokens = _MARKDOWN.parse(document.read_text(encoding="utf-8"))
    found: Counter[str] = Counter()
    names = set()
    for opening, heading in pairwise(tokens):
        if opening.type == "heading_open":
            slug = re.sub(r"[^\w\- ]", "", _text(heading).lower()).replace(" ", "-")
            names.add(f"{slug}-{found[slug]}" if found[slug] else slug)
            found[slug] += 1
    return frozenset(names)


def _text(heading: Token) -> str:
    return "".join(part.content for part in heading.children or ())
