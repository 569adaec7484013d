"""A message as pieces, cleaned and cut, for formats that have room for so much and no more."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tocsin.channels.formats.literal import clean, cut, cut_middle, headline, is_web, one_line
from tocsin.core.message import Block, Code, Facts, Message, Paragraph
from tocsin.core.run import Link


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of a message is shown. All but `facts` are characters at most of one piece."""

    #: A title that is longer stands in the body once more.
    title: int
    label: int = 75
    value: int = 1_000
    paragraph: int = 2_900
    code: int = 2_900
    #: Facts in a row; a long list must not push out what comes after it.
    facts: int = 25


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One thing to show, cleaned and cut, and never blank."""

    label: str
    words: str
    code: bool = False
    #: Whether an empty line comes before it.
    apart: bool = False


def pieces(message: Message, limits: Limits) -> list[Piece]:
    """Return what the body of a message says, in order."""
    title = headline(message)
    found = [Piece(label="", words=cut(title, limits.value))] if len(title) > limits.title else []
    found += [piece for block in message.blocks for piece in _pieces(block, limits)]
    return [piece for piece in found if piece.words.strip()]


def short_pieces(message: Message, limits: Limits) -> list[Piece]:
    """Return the first facts, each in one line: what is new, where the message that says all stands elsewhere."""
    facts = next((block.items for block in message.blocks if isinstance(block, Facts)), ())
    return [Piece(label=_label(fact.label, limits), words=cut(one_line(fact.value), 150) or "-") for fact in facts[:4]]


def fitting(said: Sequence[Piece], cost: Callable[[Piece], int], *, total: int, most: int = 60) -> list[Piece]:
    """Return the first pieces that there is room for, and how many more there are.

    Args:
        said: All pieces.
        cost: What a piece takes of the room.
        total: The room.
        most: How many pieces may be shown, whatever they cost.
    """
    fit = min(bisect_right(list(accumulate(map(cost, said))), total), most)
    more = [Piece(label="", words=f"+{len(said) - fit} more", apart=True)] if len(said) > fit else []
    return [*said[:fit], *more]


def clickable(
    links: Sequence[Link], limits: Limits, *, most: int, total: int, allowed: Callable[[str], bool] = is_web
) -> tuple[list[Link], list[Piece]]:
    """Return the links that can be offered to click, and the others as pieces to read.

    Args:
        links: All links.
        limits: How long a label and an address to read may be.
        most: How many may be offered.
        total: Characters of all that are offered.
        allowed: Whether an address may be offered; one with letters outside ASCII never is.
    """
    offered: list[Link] = []
    rest: list[Piece] = []
    for link in links:
        label, url = _label(link.label, limits) or "Link", one_line(link.url)
        if len(offered) < most and len(label) + len(url) <= total and url.isascii() and allowed(url):
            offered.append(Link(label=label, url=url))
            total -= len(label) + len(url)
        else:
            rest.append(Piece(label=label, words=cut(url, limits.value) or "-", apart=not rest))
    return offered, rest


def _pieces(block: Block, limits: Limits) -> Iterator[Piece]:
    match block:
        case Facts(items=items):
            for fact in items[: limits.facts]:
                words = cut(clean(fact.value).strip(), limits.value) or "-"
                yield Piece(label=_label(fact.label, limits), words=words)
            if len(items) > limits.facts:
                yield Piece(label="", words=f"+{len(items) - limits.facts} more")
        case Paragraph(text=words, label=label):
            yield Piece(label=_label(label, limits), words=cut(clean(words).strip(), limits.paragraph), apart=True)
        case Code(code=code, label=label):
            lines = cut_middle(clean(code).strip("\n").expandtabs(4), limits.code)
            yield Piece(label=_label(label, limits), words=lines, code=True, apart=True)


def _label(label: str, limits: Limits) -> str:
    return cut(one_line(label), limits.label)
