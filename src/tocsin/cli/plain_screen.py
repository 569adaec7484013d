"""Text for pipes: no colour, no signs, one line a row, columns that do not depend on any width."""

from __future__ import annotations

from collections.abc import Sequence

import click

from tocsin.channels.formats.literal import clean, one_line
from tocsin.cli.drawing import COLUMNS, table_rows
from tocsin.cli.screen import Cell, Column, Row
from tocsin.core.message import Tone
from tocsin.core.trend import Trend


class PlainScreen:
    """Prints as it goes."""

    def __init__(self) -> None:
        """Begin without an empty line."""
        self._begun = False

    def heading(self, text: str) -> None:
        """Begin a part."""
        if self._begun:
            click.echo("")
        self._echo(one_line(text).upper())

    def line(self, text: str, tone: Tone | None = None) -> None:
        """Say a sentence; problems begin with a word for how bad they are."""
        word = f"{tone.value}: " if tone in {Tone.CRITICAL, Tone.ERROR, Tone.WARNING} else ""
        self._echo(word + one_line(text))

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show labels and values, those without a value left out."""
        given = [(f"{label}:", one_line(value)) for label, value in facts if value.strip()]
        width = max((len(label) for label, _ in given), default=0)
        for label, value in given:
            self._echo(f"{label:{width}}  {value}")

    def table(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Show a table; an empty cell is a hyphen, so that every row has the same number of columns."""
        lines = [[column.name.upper() for column in columns], *([_text(cell) for cell in row] for row in rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
        for line in lines:
            cells = zip(line, widths, columns, strict=True)
            padded = [f"{text:>{width}}" if column.right else f"{text:{width}}" for text, width, column in cells]
            self._echo("  ".join(padded).rstrip())

    def trend(self, trend: Trend) -> None:
        """Show the points of a trend as a table."""
        self.table(COLUMNS, table_rows(trend))

    def code(self, text: str) -> None:
        """Show text whose lines are kept as they are."""
        self._echo(clean(text).rstrip("\n"))

    def _echo(self, text: str) -> None:
        self._begun = True
        click.echo(text)


def _text(cell: Cell | str) -> str:
    return one_line(cell.text if isinstance(cell, Cell) else cell) or "-"
