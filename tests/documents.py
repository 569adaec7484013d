"""The pages of the documentation, and their blocks.

A block says what it is by its language and title, and in a comment on the line before it what else has to be known:

    <!-- docs: needs PROGRAM -->            the page is skipped where there is none; `postgres` is a server of its own
    <!-- docs: fails CODE -->               the exit code of its last command, which is 0 else
    <!-- docs: background -->               its last command goes on until the end of the page
    <!-- docs: soon -->                     its last command is typed again until it says what is shown
    <!-- docs: stops -->                    what goes on is ended before
    <!-- docs: told -->                     a receiver was told each of these lines
    <!-- docs: not executed: REASON -->     why it is not
    <!-- docs: executed by PATH -->         a test of its own executes it, where the runner cannot
    <!-- docs: setup                        a script of bash that comes before, and that a reader does not need
    … -->
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: What is there to be read: outputs, documents, and settings of other programs. A title makes a file of them.
SHOWN = {"cron", "diff", "dockerfile", "html", "ini", "json", "nginx", "sql", "text", "xml", "yaml"}
_DIRECTIVES = ("needs", "fails", "background", "soon", "stops", "told", "not executed:", "executed by")
_PART = re.compile(
    r"^<!-- docs: (?P<directive>.*?) *-->$"
    r"|^(?P<indent> *)```(?P<language>[\w-]*)(?P<options>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r' title="([^"]+)"')


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block, or a set-up, which has the language `setup`."""

    line: int
    language: str
    text: str
    title: str = ""
    #: The directives before it, by their first word or words.
    said: dict[str, str] = field(default_factory=dict)

    @property
    def executed(self) -> bool:
        """Whether the runner types it, writes it, or gives it to a program."""
        elsewhere = {"executed by", "not executed:"} & self.said.keys()
        return not elsewhere and bool(self.title or self.language not in SHOWN)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page, whose name is its path in the repository."""

    name: str
    blocks: tuple[Block, ...]


def pages() -> Iterator[Page]:
    """Yield all pages that readers follow."""
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]:
        yield Page(name=str(path.relative_to(ROOT)), blocks=tuple(blocks(path.read_text(encoding="utf-8"))))


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a page in their order.

    Raises:
        ValueError: A directive is none of those above, or nothing follows it.
    """
    said: dict[str, str] = {}
    for part in _PART.finditer(text):
        line = text.count("\n", 0, part.start()) + 1
        directive = part["directive"]
        if directive is None:
            title = _TITLE.search(part["options"])
            content = textwrap.dedent(part["text"])
            yield Block(line=line, language=part["language"], text=content, title=title[1] if title else "", said=said)
            said = {}
        elif directive.startswith("setup"):
            yield Block(line=line, language="setup", text=directive.removeprefix("setup"))
        else:
            name = next((name for name in _DIRECTIVES if directive.startswith(name)), None)
            if name is None:
                raise ValueError(f"line {line}: docs: {directive} is none of {', '.join(_DIRECTIVES)}, setup")
            said[name] = directive.removeprefix(name).strip()
    if said:
        raise ValueError(f"no block follows docs: {' '.join(said)}")


def commands(block: Block) -> list[tuple[str, str]]:
    """Return the commands of a console, each with what is shown of its output."""
    found: list[tuple[str, str]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), ""))
        elif not found:
            raise ValueError(f"line {block.line}: a console begins with a command, after `$ `")
        elif found[-1][0].endswith("\\") and not found[-1][1]:
            found[-1] = (f"{found[-1][0]}\n{line.removeprefix('> ')}", "")
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]}{line}\n")
    return found
