"""Colour, signs and columns that fit, for people at a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tocsin.channels.formats.literal import SIGNS, clean, one_line
from tocsin.cli.drawing import draw_trend
from tocsin.cli.screen import Cell, Column, Row
from tocsin.core.message import Tone
from tocsin.core.trend import Trend

_COLOURS = {
    Tone.CRITICAL: "bold red",
    Tone.ERROR: "red",
    Tone.WARNING: "yellow",
    Tone.INFO: "blue",
    Tone.GOOD: "green",
    Tone.ACKNOWLEDGED: "cyan",
}
#: The expected range, and the values in and outside of it.
_DRAWN = {Tone.INFO: "blue", Tone.GOOD: "bold", Tone.ERROR: "bold red"}
#: Lines longer than this are hard to read, however wide the window is.
_WIDEST = 120
_NARROWEST = 8
#: Between two columns.
_GAP = 2
#: A sign and a space.
_MARGIN = 2


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
        self._print(_signed(Cell(text=text, tone=tone)) if tone else Text(one_line(text)))

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show labels and values, those without a value left out."""
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for label, value in facts:
            if value.strip():
                grid.add_row(Text(label), Text(clean(value).strip()))
        self._print(Padding(grid, (0, 0, 0, _MARGIN)))

    def table(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Show a table; columns that belong below the others become lines over the whole width.

        Signs stand in the margin, and all texts begin after it.
        """
        top = [i for i, column in enumerate(columns) if column.below is None]
        names = [columns[i].name for i in top]
        texts = [[_text(row[i]) for i in top] for row in rows]
        natural = [max(cell_len(line[n]) for line in (names, *texts)) for n in range(len(top))]
        widths = _fit(natural, self._console.width - _MARGIN)
        widths[0] += _MARGIN
        self._print_row(columns, widths, _signed(Cell(text=names[0])), names[1:], style="dim")
        for line, row in zip(texts, rows, strict=True):
            sign = row[0] if isinstance(row[0], Cell) else Cell(text=line[0])
            self._print_row(columns, widths, _signed(sign), line[1:])
            self._print_below(columns, row)

    def _print_row(
        self, columns: Sequence[Column], widths: Sequence[int], first: Table, texts: Sequence[str], *, style: str = ""
    ) -> None:
        grid = Table.grid(padding=(0, _GAP, 0, 0))
        for column, width in zip((column for column in columns if column.below is None), widths, strict=True):
            grid.add_column(width=width, justify="right" if column.right else "left", overflow="fold")
        grid.add_row(first, *map(Text, texts), style=style)
        self._print(grid)

    def _print_below(self, columns: Sequence[Column], row: Row) -> None:
        for column, cell in zip(columns, row, strict=True):
            if column.below is not None and (text := _text(cell)):
                words = Text.assemble((f"{column.below} " if column.below else "", "dim"), text)
                self._print(Padding(words, (0, 0, 0, 2 * _MARGIN)))

    def trend(self, trend: Trend) -> None:
        """Draw a trend over the width of the terminal."""
        for line in draw_trend(trend, self._console.width - _MARGIN):
            pieces = [(cell.text, _DRAWN.get(cell.tone, "") if cell.tone else "dim") for cell in line]
            self._print(Padding(Text.assemble(*pieces), (0, 0, 0, _MARGIN)))

    def code(self, text: str) -> None:
        """Show text whose lines are kept as they are, so that they can be copied."""
        self._begun = True
        lines = clean(text).rstrip("\n").splitlines()
        self._console.print(Text("\n".join(f"{' ' * _MARGIN}{line}" for line in lines), style="dim"), soft_wrap=True)

    def _print(self, what: Text | Table | Padding) -> None:
        self._begun = True
        self._console.print(what)


def _fit(widths: list[int], width: int) -> list[int]:
    """Return the widths of columns made smaller, the widest first, until all fit."""
    fitting, room = list(widths), width - _GAP * (len(widths) - 1)
    while sum(fitting) > room and max(fitting) > _NARROWEST:
        fitting[fitting.index(max(fitting))] -= 1
    return fitting


def _text(cell: Cell | str) -> str:
    return one_line(cell.text if isinstance(cell, Cell) else cell)


def _signed(cell: Cell) -> Table:
    """Return a text beside the sign of its tone; it goes on below itself."""
    style = _COLOURS[cell.tone] if cell.tone else ""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=1)
    grid.add_column(overflow="fold")
    grid.add_row(SIGNS[cell.tone] if cell.tone else "", Text(one_line(cell.text)), style=style)
    return grid
