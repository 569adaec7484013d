"""An Adaptive Card for Microsoft Teams: a bar of colour with the title, what the message says, buttons.

All text from outside goes into text runs, where no Markdown is read: a table called `_orders_` keeps its underscores,
and nothing in an exception becomes a link or a mention. Two functions for dates are the exception, and are broken up.

A card that a client does not know in every part is not shown, so only elements of version 1.2 are used, which every
Teams client has. The schema is that of adaptivecards.io; `msteams` is Microsoft's extension for Teams.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tocsin.channels.formats.literal import cut, headline, small_print
from tocsin.channels.formats.pieces import Limits, Piece, clickable, fitting, pieces
from tocsin.channels.formats.text import text
from tocsin.core.message import Message, Tone

_Element = dict[str, object]

#: Backgrounds that every theme of Teams has.
_STYLES = {
    Tone.CRITICAL: "attention",
    Tone.ERROR: "attention",
    Tone.WARNING: "warning",
    Tone.INFO: "accent",
    Tone.GOOD: "good",
    Tone.ACKNOWLEDGED: "emphasis",
}
_LIMITS = Limits(title=200)
_FOOTER, _PLAIN = 300, 3_000
#: Teams shows six buttons; and characters of all of them.
_BUTTONS, _BUTTONS_TOTAL = 6, 2_500
#: Bytes of what stands between title and footer. A message of Teams may have 28 KB with all that Teams adds itself,
#: and a larger one is lost without a word: the workflow has taken it long before it fails.
_TOTAL = 12_000
#: Where a client puts in a date of its own: https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features
_FUNCTION = re.compile(r"\{(?=\{(?:DATE|TIME)\()")


def payload(message: Message, *, plain: bool = False) -> dict[str, object]:
    """Return what the trigger "When a Teams webhook request is received" takes.

    Args:
        message: What to say.
        plain: Text in a card that has nothing else, for the case that Teams refused the full one.
    """
    if plain:
        return _post({"body": [_block(_run(text(message, limit=_PLAIN)))]})
    buttons, others = clickable(message.links, _LIMITS, most=_BUTTONS, total=_BUTTONS_TOTAL)
    title = _block(_run(cut(headline(message), _LIMITS.title), weight="Bolder", size="Medium"))
    body = [
        {"type": "Container", "style": _STYLES[message.tone], "bleed": True, "items": [title]},
        *_elements(fitting([*pieces(message, _LIMITS), *others], _size, total=_TOTAL)),
        _block(_run(cut(small_print(message), _FOOTER), isSubtle=True, size="Small"), spacing="Medium"),
    ]
    actions = [{"type": "Action.OpenUrl", "title": link.label, "url": link.url} for link in buttons]
    return _post({"body": body, "actions": actions})


def encode(payload: dict[str, object]) -> bytes:
    """Return the JSON of a payload in as few bytes as it has."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def _post(card: dict[str, object]) -> dict[str, object]:
    schema = "http://adaptivecards.io/schemas/adaptive-card.json"
    content = {"$schema": schema, "type": "AdaptiveCard", "version": "1.2", "msteams": {"width": "Full"}, **card}
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}],
    }


def _elements(shown: list[Piece]) -> Iterator[_Element]:
    """Yield a block of text for each piece, close together where the message has no empty line."""
    for piece in shown:
        label = [_run(f"{piece.label}  ", weight="Bolder")] if piece.label else []
        spacing = "Medium" if piece.apart else "Small"
        if not piece.code:
            yield _block(*label, _run(piece.words), spacing=spacing)
            continue
        if label:
            yield _block(*label, spacing=spacing)
        code = _block(_run(_indented(piece.words), fontType="Monospace", size="Small"))
        yield {"type": "Container", "style": "emphasis", "spacing": "Small", "items": [code]}


def _size(piece: Piece) -> int:
    return len(json.dumps(list(_elements([piece])), ensure_ascii=False).encode())


def _indented(code: str) -> str:
    """Return the code with spaces that a web page does not swallow at the beginning of its lines."""
    return re.sub(r"(?m)^ +", lambda spaces: "\u00a0" * len(spaces[0]), code)


def _block(*inlines: _Element, **style: str) -> _Element:
    return {"type": "RichTextBlock", "inlines": list(inlines), **style}


def _run(words: str, **style: object) -> _Element:
    return {"type": "TextRun", "text": _FUNCTION.sub("{\u2060", words), **style}
