"""What commands say, before it is known whether a person or a program reads it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import click

from tocsin.core.codec import encode
from tocsin.core.message import Tone
from tocsin.core.trend import Trend

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A text; with a tone a terminal shows it with the sign and in the colour of that tone."""

    text: str
    tone: Tone | None = None


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    #: Numbers are set to the right.
    right: bool = False
    #: In a terminal the value has a line of its own below the row, after these words; None for a place in the row.
    below: str | None = None


Row = Sequence[Cell | str]


class Screen(Protocol):
    """A terminal, or a pipe. All texts are literal: nothing in them is markup or moves a cursor."""

    def heading(self, text: str) -> None:
        """Begin a part."""

    def line(self, text: str, tone: Tone | None = None) -> None:
        """Say a sentence."""

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Show labels and values; those without a value are left out."""

    def table(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Show a table."""

    def trend(self, trend: Trend) -> None:
        """Show what runs have brought: drawn in a terminal, as a table in a pipe."""

    def code(self, text: str) -> None:
        """Show text whose lines are kept as they are."""


def open_screen() -> Screen:
    """Return the screen for whatever stdout is."""
    if sys.stdout.isatty():
        # rich takes a tenth of a second to import, which a pipe need not wait for.
        from tocsin.cli.rich_screen import RichScreen

        return RichScreen()
    from tocsin.cli.plain_screen import PlainScreen

    return PlainScreen()


def json_option(function: F) -> F:
    """Add `--json` to a command that reads."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def print_json(document: object) -> None:
    """Print a document for programs."""
    click.echo(json.dumps(encode(document), indent=2))
