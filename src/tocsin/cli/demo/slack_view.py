"""A Slack message as a person sees it, from the payload that was received."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from tocsin.cli.demo.receiver import all_blocks, mappings

#: Lines of code; of a long traceback the end tells most. Slack shows all of it.
_CODE_LINES = 5


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Something with the same few characters before each of its lines, and no blanks behind them."""

    body: RenderableType
    first: str = "  "
    #: Before the other lines, if not the same.
    later: str = ""
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines, for rich."""
        width = options.max_width - max(len(self.first), len(self.later))
        for number, line in enumerate(console.render_lines(self.body, options.update(width=width), pad=False)):
            before = self.later if number and self.later else self.first
            said = _without_blanks(line)
            yield Segment(before if said else before.rstrip(), Style.parse(self.style))
            yield from said
            yield Segment.line()


def slack_message(payload: Mapping[str, object]) -> RenderableType:
    """Return the message for a terminal: the title, and beside a bar in Slack's colour what it says."""
    parts: list[RenderableType] = [_block(block) for block in mappings(payload.get("blocks"))]
    for attachment in mappings(payload.get("attachments")):
        body = Group(*(_block(block) for block in mappings(attachment.get("blocks"))))
        parts.append(Beside(body=body, first="▌ ", style=str(attachment.get("color", ""))))
    return Group(*parts)


def visible_text(payload: Mapping[str, object]) -> str:
    """Return all that a person can read in the message, notification included."""
    return "\n".join([str(payload.get("text", "")), *map(_words, all_blocks(payload))])


def _without_blanks(line: list[Segment]) -> list[Segment]:
    """Return a line that ends with its last visible character."""
    for index in range(len(line), 0, -1):
        segment = line[index - 1]
        if text := segment.text.rstrip():
            return [*line[: index - 1], segment._replace(text=text)]
    return []


def _block(block: Mapping[str, object]) -> RenderableType:
    match block.get("type"):
        case "header":
            return Text(_words(block), style="bold")
        case "rich_text":
            return Group(*(_part(part) for part in mappings(block.get("elements"))))
        case _:
            return Text(_words(block), style="dim")


def _part(part: Mapping[str, object]) -> RenderableType:
    if part.get("type") == "rich_text_preformatted":
        return Beside(body=_code(_words(part)))
    text = Text()
    for leaf in _leaves(part):
        style = leaf.get("style")
        is_bold = isinstance(style, Mapping) and bool(style.get("bold"))
        text.append(str(leaf["text"]), style="bold" if is_bold else f"link {leaf['url']}" if "url" in leaf else "")
    return Group(*(Beside(body=line, first="", later="  ") for line in text.split("\n", allow_blank=True)))


def _code(code: str) -> RenderableType:
    """Return the end of the code; only its last line, which names the error, is shown however long it is."""
    lines = code.splitlines()
    left_out = len(lines) - _CODE_LINES
    shown: list[Text] = []
    if left_out > 1:
        shown.append(Text(f"({left_out} more lines in Slack)", style="dim"))
        lines = lines[-_CODE_LINES:]
    shown += [Text(line, style="cyan", no_wrap=True, overflow="ellipsis") for line in lines[:-1]]
    shown += [Text(line, style="cyan") for line in lines[-1:]]
    return Group(*shown)


def _words(block: Mapping[str, object]) -> str:
    return "".join(str(leaf["text"]) for leaf in _leaves(block))


def _leaves(value: object) -> Iterator[Mapping[str, object]]:
    """Yield the objects that hold text, in the order in which they are read."""
    if isinstance(value, Mapping):
        if isinstance(value.get("text"), str):
            yield value
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
