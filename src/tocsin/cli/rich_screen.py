"""Colour, signs and columns that fit, for people at a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tocsin.channels.formats.literal import SIGNS, clean, one_line
from tocsin.cli.screen import Cell, Column, Row
from tocsin.core.message import Tone

_COLOURS = {
    Tone.CRITICAL: "bold red",
    Tone.ERROR: "red",
    Tone.WARNING: "yellow",
    Tone.INFO: "blue",
    Tone.GOOD: "green",
    Tone.ACKNOWLEDGED: "cyan",
}
#: Lines longer than this are hard to read, however wide the window is.
_WIDEST = 120
_NARROWEST = 8
#: Between two columns.
_GAP = 2
_MARGIN = "\N{NO-BREAK SPACE}" * 2


class RichScreen:
    """Prints as it goes."""

    def __init__(self, console: Console | None = None) -> None:
        """Print to `console`; by default to stdout, as wide as it is."""
        self._console = console or Console(highlight=False)
        self._console.width = min(self._console.width, _WIDEST)
        self._begun = False

    def heading(self, text: str) -> None:
        """Begin a part."""
        if self._begun:
            self._console.print()
        self._print(Text(one_line(text), style="bold"))

    def line(self, text: str, tone: Tone | None = None) -> None:
        """Say a sentence; longer ones go on below their own beginning."""
        if tone is None:
            self._print(Text(one_line(text)))
            return
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_row(Text(SIGNS[tone], style=_COLOURS[tone]), Text(one_line(text), style=_COLOURS[tone]))
        self._print(grid)

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show labels and values, those without a value left out."""
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for label, value in facts:
            if value.strip():
                grid.add_row(Text(label), Text(clean(value).strip()))
        self._print(Padding(grid, (0, 0, 0, len(_MARGIN))))

    def table(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Show a table; columns that belong below the others become lines over the whole width."""
        top = [i for i, column in enumerate(columns) if not column.below]
        below = [i for i, column in enumerate(columns) if column.below]
        # Signs stand in the margin, and all texts begin after it.
        names = [Text(f"{_MARGIN if i == 0 else ''}{columns[i].name}", style="dim") for i in top]
        lines = [names, *([_text(row[i], margin=i == 0) for i in top] for row in rows)]
        widths = _fit([max(line[n].cell_len for line in lines) for n in range(len(top))], self._console.width)
        for line, row in zip(lines, [(), *rows], strict=True):
            grid = Table.grid(padding=(0, _GAP, 0, 0))
            for i, width in zip(top, widths, strict=True):
                grid.add_column(width=width, justify="right" if columns[i].right else "left", overflow="fold")
            grid.add_row(*line)
            self._print(grid)
            for i in below if row else ():
                if text := _text(row[i]):
                    lead = Text(f"{columns[i].below} ", style="dim") if columns[i].below.strip() else Text()
                    self._print(Padding(Text.assemble(lead, text), (0, 0, 0, 2 * len(_MARGIN))))

    def code(self, text: str) -> None:
        """Show text whose lines are kept as they are."""
        self._print(Padding(Text(clean(text).rstrip("\n"), style="dim"), (0, 0, 0, len(_MARGIN))))

    def _print(self, what: Text | Table | Padding) -> None:
        self._begun = True
        self._console.print(what)


def _fit(widths: list[int], width: int) -> list[int]:
    """Return the widths of columns made smaller, the widest first, until all fit."""
    fitting, room = list(widths), width - _GAP * (len(widths) - 1)
    while sum(fitting) > room and max(fitting) > _NARROWEST:
        fitting[fitting.index(max(fitting))] -= 1
    return fitting


def _text(cell: Cell | str, *, margin: bool = False) -> Text:
    tone, text = (cell.tone, cell.text) if isinstance(cell, Cell) else (None, cell)
    if tone is None:
        return Text(f"{_MARGIN if margin else ''}{one_line(text)}")
    # A space that does not break: a sign stays with what it says.
    return Text(f"{SIGNS[tone]}\N{NO-BREAK SPACE}{one_line(text)}", style=_COLOURS[tone])
