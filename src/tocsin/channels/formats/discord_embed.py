"""A Discord embed: a bar of colour, and beside it the title, what the message says and links.

Discord reads Markdown in titles and descriptions. What comes from outside has a backslash before every character that
means something there, or stands in a block of code, where nothing does. The footer is literal.

Limits: https://docs.discord.com/developers/resources/message#embed-object-embed-limits
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tocsin.channels.formats.literal import COLOURS, cut, cut_middle, headline, small_print
from tocsin.channels.formats.pieces import Limits, Piece, clickable, fitting, pieces, short_pieces
from tocsin.channels.formats.text import text
from tocsin.core.message import Message
from tocsin.core.run import Link

#: Discord takes 256 characters in a title, 4,096 in a description, 2,048 in a footer, 6,000 in all of them and 2,000 in
#: a text. Backslashes count, so what people read is shorter.
_TITLE, _FOOTER, _TEXT = 256, 300, 2_000
_LIMITS = Limits(title=180, value=600, paragraph=700, code=1_400, facts=12)
#: Characters over all pieces and over all links, with their markup.
_TOTAL, _LINKS, _LINKS_TOTAL = 3_000, 10, 800
#: Markup anywhere, and at the beginning of a line: lists. A slash, because addresses become links by themselves.
_MARKUP = re.compile(r"[\\`*_~|<>\[\]()#@:/]")
_LIST = re.compile(r"(?m)^(\s*\d*)([-+.])")
#: Nobody is pinged, whatever a text says.
_NOBODY: dict[str, object] = {"allowed_mentions": {"parse": []}}


def escape(text: str) -> str:
    """Return the text so that Discord shows it as it is."""
    return _LIST.sub(r"\1\\\2", _MARKUP.sub(r"\\\g<0>", text))


def payload(message: Message, *, plain: bool = False) -> dict[str, object]:
    """Return what a webhook takes, for a new message as well as for a change of one.

    Args:
        message: What to say.
        plain: Text only, for the case that Discord refused the embed.
    """
    if plain:
        return {"content": _escaped(text(message), _TEXT, cut_middle), "embeds": [], **_NOBODY}
    offered, others = clickable(message.links, _LIMITS, most=_LINKS, total=_LINKS_TOTAL)
    said = fitting([*pieces(message, _LIMITS), *others], lambda piece: len(_markdown([piece])) + 2, total=_TOTAL)
    links = " · ".join(map(_link, offered))
    description = "\n\n".join(part for part in (_markdown(said), links) if part)
    return _post(message, description, {"footer": {"text": cut(small_print(message), _FOOTER)}})


def news(message: Message) -> dict[str, object]:
    """Return the short form that says what is new; the first message about the alert says all."""
    return _post(message, _markdown(short_pieces(message, _LIMITS)), {})


def _post(message: Message, description: str, more: dict[str, object]) -> dict[str, object]:
    embed = {
        "title": _escaped(headline(message), _TITLE),
        "description": description,
        "color": int(COLOURS[message.tone].removeprefix("#"), 16),
        **more,
    }
    return {"content": "", "embeds": [embed], **_NOBODY}


def _markdown(said: Iterable[Piece]) -> str:
    """Return labelled lines and blocks of code."""
    parts: list[str] = []
    for piece in said:
        label = f"**{escape(piece.label)}**" + ("\n" if piece.code else " ") if piece.label else ""
        words = _fenced(piece.words) if piece.code else escape(piece.words)
        parts += ["\n\n" if piece.apart else "\n", label, words]
    return "".join(parts).strip()


def _fenced(code: str) -> str:
    """Return a block of code that no backtick inside can end: each is held apart from the next."""
    apart = re.sub("`(?=`)", "`\u200b", code)
    return f"```\n{apart}\n```"


def _link(link: Link) -> str:
    url = link.url.replace("(", "%28").replace(")", "%29")
    return f"[{escape(link.label)}]({url})"


def _escaped(words: str, limit: int, cut: Callable[[str, int], str] = cut) -> str:
    """Return the text, escaped, in at most `limit` characters; no backslash loses its character."""
    room = limit
    while (over := len(escaped := escape(cut(words, room))) - limit) > 0:
        # A character less is at most two less.
        room -= (over + 1) // 2
    return escaped
