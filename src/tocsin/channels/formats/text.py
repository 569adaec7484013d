"""Plain text for e-mails, files and receivers that take nothing richer. No line depends on a width or a font."""

from __future__ import annotations

from tocsin.channels.formats.literal import clean, cut, cut_middle, headline, one_line, small_print
from tocsin.core.message import Block, Code, Facts, Message, Paragraph

#: Characters of one fact, one paragraph and one block of code. A screenful of each is read; more is in the log.
_VALUE, _PARAGRAPH, _CODE = 2_000, 4_000, 8_000


def text(message: Message, *, limit: int = 40_000) -> str:
    """Return the message as plain text without a line break at its end.

    Args:
        message: What to say.
        limit: Characters at most; what is cut is counted.
    """
    parts = [headline(message), *(part for block in message.blocks if (part := _block(block)))]
    if message.links:
        parts.append("\n".join(f"{one_line(link.label)}: {one_line(link.url)}" for link in message.links))
    parts.append(small_print(message))
    return cut_middle("\n\n".join(parts), limit)


def _block(block: Block) -> str:
    match block:
        case Facts(items=items):
            return "\n".join(_labelled(fact.label, _value(fact.value), " ") for fact in items)
        case Paragraph(text=words, label=label):
            return _labelled(label, cut(clean(words).strip(), _PARAGRAPH), " ")
        case Code(code=code, label=label):
            lines = cut_middle(clean(code).strip("\n").expandtabs(4), _CODE).splitlines()
            return _labelled(label, "\n".join(f"    {line}".rstrip() for line in lines), "\n")


def _value(value: str) -> str:
    return cut(clean(value).strip(), _VALUE).replace("\n", "\n    ") or "-"


def _labelled(label: str, content: str, between: str) -> str:
    return f"{one_line(label)}:{between}{content}" if label and content else content
