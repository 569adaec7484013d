"""Text for a terminal: labels in a column, long values wrapped under themselves, colour only where it is wanted."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from tocsin.channels.formats.literal import clean, cut, cut_middle, headline, one_line, small_print
from tocsin.core.message import Code, Facts, Message, Paragraph, Tone

_COLOURS = {
    Tone.CRITICAL: "1;97;41",
    Tone.ERROR: "1;31",
    Tone.WARNING: "1;33",
    Tone.INFO: "1;34",
    Tone.GOOD: "1;32",
    Tone.ACKNOWLEDGED: "1;36",
}
_BOLD, _DIM = "1", "2"
#: A label longer than this gets a line of its own rather than pushing all values to the right.
_WIDEST_LABEL = 14
_VALUE, _PARAGRAPH, _CODE = 1_000, 2_000, 4_000


def terminal(message: Message, *, colour: bool = False, width: int = 80) -> str:
    """Return the message for a terminal, without a line break at its end.

    Code and addresses are never wrapped, so that they can be copied.

    Args:
        message: What to say.
        colour: Whether to use ANSI colours.
        width: Columns.
    """
    return "\n".join(_Page(colour=colour, width=max(40, width)).lines(message))


@dataclass(frozen=True, kw_only=True)
class _Page:
    colour: bool
    width: int

    def lines(self, message: Message) -> list[str]:
        names = [fact.label for block in message.blocks if isinstance(block, Facts) for fact in block.items]
        names += [link.label for link in message.links]
        column = max((len(name) for name in map(one_line, names) if len(name) <= _WIDEST_LABEL), default=0)
        lines = self._wrap(headline(message), "", "  ", _COLOURS[message.tone])
        for block in message.blocks:
            match block:
                case Facts(items=items):
                    for fact in items:
                        lines += self._fact(fact.label, cut(clean(fact.value).strip(), _VALUE) or "-", column)
                case Paragraph(text=text, label=label):
                    lines += self._labelled(label, self._wrap(cut(clean(text).strip(), _PARAGRAPH), "  ", "  "))
                case Code(code=code, label=label):
                    kept = cut_middle(clean(code).strip("\n").expandtabs(4), _CODE)
                    lines += self._labelled(label, [f"    {line}".rstrip() for line in kept.splitlines()])
        if message.links:
            lines.append("")
            for link in message.links:
                lines += self._fact(link.label, one_line(link.url) or "-", column)
        return [*lines, "", *self._wrap(small_print(message), "  ", "  ", _DIM)]

    def _fact(self, label: str, value: str, column: int) -> list[str]:
        name = one_line(label)
        indent = " " * (column + 4)
        lines = self._wrap(value, indent, indent)
        if len(name) > column:
            return [f"  {self._paint(name, _BOLD)}", *lines]
        return [f"  {self._paint(name, _BOLD)}{' ' * (column - len(name) + 2)}{lines[0].lstrip()}", *lines[1:]]

    def _labelled(self, label: str, lines: list[str]) -> list[str]:
        if not any(lines):
            return []
        return ["", *([f"  {self._paint(one_line(label), _BOLD)}"] if label else []), *lines]

    def _wrap(self, text: str, first: str, later: str, style: str = "") -> list[str]:
        lines: list[str] = []
        for line in text.splitlines() or [""]:
            lines += textwrap.wrap(
                line,
                self.width,
                initial_indent=later if lines else first,
                subsequent_indent=later,
                break_long_words=False,
                break_on_hyphens=False,
            ) or [""]
        return [self._paint(line, style) for line in lines]

    def _paint(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.colour and style and text else text
