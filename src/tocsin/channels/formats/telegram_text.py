"""Text for Telegram, with entities that say what is bold and what is code, and with buttons.

There is no markup that could be injected, but Telegram makes links, mentions, hashtags and commands of plain words by
itself: `@ops` in an exception would ping whoever has that name, and `orders.py` would lead to a site in Paraguay. It
leaves code alone, so such words are shown as code.

Limits: https://core.telegram.org/bots/api#sendmessage (4,096 characters; offsets count UTF-16 code units) and
https://core.telegram.org/bots/api#messageentity. How many entities it reads is not documented: it was seen to be 100.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tocsin.channels.formats.literal import cut, headline, is_web, small_print
from tocsin.channels.formats.pieces import Limits, Piece, clickable, fitting, pieces, short_pieces
from tocsin.channels.formats.text import text
from tocsin.core.message import Message
from tocsin.core.run import Link

_LIMITS = Limits(title=180, value=500, paragraph=700, code=1_300, facts=12)
_FOOTER = 150
#: UTF-16 code units over all pieces, and pieces in all: each has at most four entities.
_TOTAL, _PIECES = 3_200, 20
#: Buttons, and characters of all of them.
_BUTTONS, _BUTTONS_TOTAL = 8, 4_000
#: Words that could become something to click: with a sign of their own, or a dot inside as in a domain.
_CLICKABLE = re.compile(r"[@#$/\\]|\.[^\W\d]|\d\.\d+\.\d")
#: Words of one piece that are shown as code by themselves; with more of them the whole piece is.
_WORDS = 3
_QUIET = {"link_preview_options": {"is_disabled": True}}


@dataclass
class _Text:
    """A text that grows, with its entities."""

    parts: list[str] = field(default_factory=list)
    entities: list[dict[str, object]] = field(default_factory=list)
    length: int = 0

    def add(self, words: str, style: str = "") -> None:
        """Add words exactly as they are, in one style."""
        if style and words.strip():
            self.entities.append({"type": style, "offset": self.length, "length": _units(words)})
        self.parts.append(words)
        self.length += _units(words)

    def add_literal(self, words: str, style: str = "") -> None:
        """Add words from outside, without anything to click."""
        found = [word.span() for word in re.finditer(r"\S+", words) if _CLICKABLE.search(word[0])]
        end = 0
        for start, stop in found if len(found) <= _WORDS else [(0, len(words))]:
            self.add(words[end:start], style)
            self.add(words[start:stop], "code")
            end = stop
        self.add(words[end:], style)

    def payload(self) -> dict[str, object]:
        """Return the parameters of `sendMessage` and `editMessageText`."""
        return {"text": "".join(self.parts), "entities": self.entities, **_QUIET}


def payload(message: Message, *, plain: bool = False) -> dict[str, object]:
    """Return what `sendMessage` and `editMessageText` take; the chat is not in it.

    Args:
        message: What to say.
        plain: One block of code and no buttons, for the case that Telegram refused the rest.
    """
    written = _Text()
    if plain:
        # Two code units are the most that a character has.
        written.add(text(message, limit=2_000), "pre")
        return written.payload()
    offered, others = clickable(message.links, _LIMITS, most=_BUTTONS, total=_BUTTONS_TOTAL, allowed=_is_button)
    written.add_literal(cut(headline(message), _LIMITS.title), "bold")
    _write(written, fitting([*pieces(message, _LIMITS), *others], _size, total=_TOTAL, most=_PIECES))
    written.add("\n\n")
    written.add_literal(cut(small_print(message), _FOOTER), "italic")
    return {**written.payload(), **_keyboard(offered)}


def news(message: Message) -> dict[str, object]:
    """Return the short form that says what is new, as a reply to the message that says all."""
    written = _Text()
    written.add_literal(cut(headline(message), _LIMITS.title), "bold")
    _write(written, short_pieces(message, _LIMITS))
    return written.payload()


def _write(written: _Text, said: list[Piece]) -> None:
    for piece in said:
        written.add("\n\n" if piece.apart else "\n")
        if piece.label:
            written.add(piece.label, "code" if _CLICKABLE.search(piece.label) else "bold")
            written.add("\n" if piece.code else "  ")
        if piece.code:
            written.add(piece.words, "pre")
        else:
            written.add_literal(piece.words)


def _size(piece: Piece) -> int:
    return _units(piece.label) + _units(piece.words) + len("\n\n  ")


def _units(words: str) -> int:
    return len(words.encode("utf-16-le")) // 2


def _is_button(url: str) -> bool:
    """Tell whether Telegram takes the address: it refuses a message with a button to a host without a dot."""
    return is_web(url) and "." in (urlsplit(url).hostname or "")


def _keyboard(offered: list[Link]) -> dict[str, object]:
    buttons = [{"text": link.label, "url": link.url} for link in offered]
    rows = [buttons[n : n + 2] for n in range(0, len(buttons), 2)]
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}
