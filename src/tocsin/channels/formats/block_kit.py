"""Slack's Block Kit: a header, and beside a bar of colour what the message says.

All text goes into `rich_text` and `plain_text`, where Slack reads no markup at all: a table called `_orders_` keeps its
underscores, and nothing in an exception can ping a channel or hide a link. Only the fallback `text` has to be escaped.
Everything stands in few blocks, because Slack folds an attachment with more than five.

Limits: docs.slack.dev, reference of Block Kit. The total is not documented; `msg_blocks_too_long` was seen from about
13,200 characters on (github.com/slackapi/bolt-js, issue 2509).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from tocsin.channels.formats.literal import COLOURS, cut, headline, is_web, one_line, small_print
from tocsin.channels.formats.pieces import Limits, Piece, fitting, pieces, short_pieces
from tocsin.channels.formats.text import text
from tocsin.core.message import Message
from tocsin.core.run import Link

_Element = dict[str, object]

#: Slack takes 150 characters in a header; the others are what people read, well below what Slack takes.
_LIMITS = Limits(title=150)
_FOOTER, _FALLBACK, _PLAIN = 300, 600, 3_000
#: Characters over all pieces and over all links.
_TOTAL, _LINKS_TOTAL = 8_500, 2_500
#: Nothing is fetched for a preview, nothing is read as markup, and words are never made into names.
_QUIET = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "mrkdwn": False}


def escape(text: str) -> str:
    """Return the text so that Slack shows it as it is; Slack asks for these three characters and no others."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def payload(message: Message, *, plain: bool = False) -> dict[str, object]:
    """Return what `chat.postMessage`, `chat.update` and incoming webhooks take; the channel is not in it.

    Args:
        message: What to say.
        plain: Text only, for the case that Slack refused the blocks.
    """
    if plain:
        return {"text": escape(text(message, limit=_PLAIN)), **_QUIET}
    shown = fitting(pieces(message, _LIMITS), lambda piece: len(piece.label) + len(piece.words), total=_TOTAL)
    elements = [*_elements(shown), *_links(message.links)]
    body = [{"type": "rich_text", "elements": elements}] if elements else []
    footer = {"type": "context", "elements": [_plain_text(cut(small_print(message), _FOOTER))]}
    return {
        "text": _summary(message),
        "blocks": [{"type": "header", "text": _plain_text(cut(headline(message), _LIMITS.title))}],
        "attachments": [{"color": COLOURS[message.tone], "blocks": [*body, footer]}],
        **_QUIET,
    }


def reply(message: Message) -> dict[str, object]:
    """Return the short form that tells a thread what is new; the message above it says all."""
    return {"text": _summary(message), **_QUIET}


def _summary(message: Message) -> str:
    """Return the title and the first facts: what notifications show and screen readers read."""
    lines = [f"{piece.label}: {piece.words}" for piece in short_pieces(message, _LIMITS)]
    return escape(cut("\n".join([cut(headline(message), _LIMITS.title), *lines]), _FALLBACK))


def _elements(shown: list[Piece]) -> Iterator[_Element]:
    """Yield sections of labelled lines, and between them blocks of code."""
    line: list[_Element] = []
    for piece in shown:
        if line and (piece.label or not piece.code):
            line.append(_text("\n\n" if piece.apart else "\n"))
        if piece.label:
            line.append({"type": "text", "text": piece.label, "style": {"bold": True}})
        if not piece.code:
            line.append(_text(f"  {piece.words}" if piece.label else piece.words))
            continue
        if line:
            yield {"type": "rich_text_section", "elements": line}
            line = []
        yield {"type": "rich_text_preformatted", "elements": [_text(piece.words)]}
    if line:
        yield {"type": "rich_text_section", "elements": line}


def _links(links: tuple[Link, ...]) -> list[_Element]:
    """Return one row of links.

    They are no buttons: for a click on a button Slack calls the app back, and warns the reader if nobody answers.
    """
    used = list(accumulate(len(link.label) + len(link.url) for link in links))
    fit = bisect_right(used, _LINKS_TOTAL)
    row: list[_Element] = []
    for link in links[:fit]:
        label, url = cut(one_line(link.label), _LIMITS.label) or "link", one_line(link.url)
        row.append({"type": "link", "url": url, "text": label} if is_web(url) else _text(f"{label}: {url}"))
    if len(links) > fit:
        row.append(_text(f"+{len(links) - fit} more"))
    spaced = [element for item in row for element in (_text("  ·  "), item)][1:]
    return [{"type": "rich_text_section", "elements": [_text("\n"), *spaced]}] if row else []


def _text(text: str) -> _Element:
    return {"type": "text", "text": text}


def _plain_text(text: str) -> _Element:
    return {"type": "plain_text", "text": text, "emoji": False}
