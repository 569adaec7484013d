"""HTML for e-mails: a card with a bar of colour, what is known in a table, code as it is, links to press.

Escaped by construction: the page is a tree, and text from outside is only ever the text of an element. Programs that
show mails know little of HTML, Outlook the least, so it is made of tables and inline styles (caniemail.com). Nothing is
loaded from anywhere. Widths are shares of the window, so that a phone shows the whole card without zooming out.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from xml.etree.ElementTree import Element

from tocsin.channels.formats.element import document, node
from tocsin.channels.formats.literal import COLOURS, cut, headline, is_web, one_line, small_print
from tocsin.channels.formats.pieces import Limits, Piece, fitting, pieces
from tocsin.core.message import Message
from tocsin.core.run import Link

_LIMITS = Limits(title=300, value=2_000, paragraph=4_000, code=8_000)
#: Characters over all pieces: Gmail hides what comes after 102 KB, markup included. Of links, people follow the first.
_TOTAL, _LINKS, _ADDRESS = 24_000, 10, 2_000
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_TEXT = f"{_FONT};font-size:15px;line-height:22px;color:#1f2328"
#: Long words, such as addresses and names of tables, must not make the page wider than the window.
_BREAK = "overflow-wrap:anywhere;word-break:break-word"
_SMALL = f"{_FONT};font-size:13px;line-height:20px;color:#59636e;{_BREAK}"
_CODE = (
    "font-family:Consolas,Menlo,'DejaVu Sans Mono',monospace;font-size:13px;line-height:19px;color:#1f2328;"
    f"margin:0;white-space:pre-wrap;{_BREAK}"
)
_BUTTON = (
    f"{_FONT};font-size:14px;line-height:20px;color:#0b57d0;text-decoration:none;display:inline-block;"
    "padding:8px 14px;margin:0 8px 8px 0;border:1px solid #c9ced6;border-radius:4px"
)


def html(message: Message) -> str:
    """Return the message as a whole HTML document."""
    shown = fitting(pieces(message, _LIMITS), lambda piece: len(piece.label) + len(piece.words), total=_TOTAL)
    title = node("h1", cut(headline(message), _LIMITS.title), style=f"{_TEXT};font-size:18px;margin:0 0 12px;{_BREAK}")
    content = [title, *_body(shown), *_links(message.links)]
    content.append(node("p", cut(small_print(message), 300), style=f"{_SMALL};margin:12px 0 0"))
    bar = node("td", "\N{NO-BREAK SPACE}", width="6", bgcolor=COLOURS[message.tone], style="width:6px;font-size:1px")
    card = _table(
        node("tr", bar, node("td", *content, style="padding:18px 20px", valign="top")),
        bgcolor="#ffffff",
        style="max-width:720px;border:1px solid #dfe3e8;table-layout:fixed",
    )
    page = _table(node("tr", node("td", card, style="padding:12px 8px", align="center")), bgcolor="#f3f4f6")
    head = node(
        "head",
        node("meta", charset="utf-8"),
        node("meta", name="viewport", content="width=device-width, initial-scale=1"),
        node("title", one_line(message.title)),
    )
    root = node("html", head, node("body", page, style="margin:0;padding:0", bgcolor="#f3f4f6"), lang="en")
    return document(root)


def _body(shown: list[Piece]) -> Iterator[Element]:
    """Yield a table for the facts that follow one another, and a part for each other piece."""
    for is_fact, group in groupby(shown, key=lambda piece: bool(piece.label) and not piece.apart):
        if is_fact:
            yield _table(*map(_fact, group), style="margin:0 0 4px")
            continue
        for piece in group:
            label: list[Element | str] = [node("b", f"{piece.label}:"), " "] if piece.label else []
            if not piece.code:
                yield node("p", *label, *_lines(piece.words), style=f"{_TEXT};margin:12px 0 0;{_BREAK}")
                continue
            if label:
                yield node("p", *label, style=f"{_TEXT};margin:12px 0 0")
            code = node("td", node("pre", piece.words, style=_CODE), style="padding:10px 12px")
            yield _table(node("tr", code), bgcolor="#f6f8fa", style="margin:6px 0 0;table-layout:fixed")


def _fact(piece: Piece) -> Element:
    label = node("td", piece.label, width="80", valign="top", style=f"{_SMALL};padding:3px 12px 3px 0;width:80px")
    return node("tr", label, node("td", *_lines(piece.words), style=f"{_TEXT};padding:2px 0;{_BREAK}", valign="top"))


def _links(links: tuple[Link, ...]) -> Iterator[Element]:
    """Yield the row of links; an address that could be something else than one is text."""
    row: list[Element | str] = []
    for link in links[:_LINKS]:
        label, url = cut(one_line(link.label), _LIMITS.label) or "link", one_line(link.url)
        good = is_web(url) and len(url) <= _ADDRESS
        row += [node("a", label, href=url, style=_BUTTON), " "] if good else [f"{label}: {cut(url, _ADDRESS)} "]
    if len(links) > _LINKS:
        row.append(f"+{len(links) - _LINKS} more")
    if row:
        yield node("p", *row, style=f"{_SMALL};margin:16px 0 0")


def _lines(words: str) -> Iterator[Element | str]:
    for number, line in enumerate(words.split("\n")):
        if number:
            yield node("br")
        yield line


def _table(*rows: Element, style: str = "", **attributes: str) -> Element:
    plain = {"role": "presentation", "width": "100%", "cellpadding": "0", "cellspacing": "0", "border": "0"}
    return node("table", *rows, **plain, **attributes, style=f"border-collapse:separate;{style}")
