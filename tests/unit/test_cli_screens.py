"""The two screens: what a pipe gets, and what a terminal shows at 80 columns."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tocsin.cli.plain_screen import PlainScreen
from tocsin.cli.rich_screen import RichScreen
from tocsin.cli.screen import Cell, Column, Screen
from tocsin.core.message import Tone

COLUMNS = (
    Column(name="Pipeline"),
    Column(name="Rows", right=True),
    Column(name="Run"),
    Column(name="Why", below=""),
    Column(name="Told", below="told:"),
)
ROWS = (
    (Cell(text="orders", tone=Tone.ERROR), "12", "aaaa0001", "a [bold]503[/]\nof \x1b[31mits own", "slack"),
    (Cell(text="customers", tone=Tone.GOOD), "1,204", "", "", ""),
)


def _page(screen: Screen) -> None:
    screen.line("1 problem", Tone.ERROR)
    screen.heading("Facts")
    screen.facts([("Why", "because"), ("Nothing", " "), ("Long label", "word " * 20)])
    screen.heading("Table")
    screen.table(COLUMNS, ROWS)
    screen.code("def f():\n    pass\x07\n")


def _terminal(width: int = 80, *, colour: bool = False) -> tuple[RichScreen, io.StringIO]:
    file = io.StringIO()
    return RichScreen(Console(file=file, width=width, force_terminal=colour, highlight=False)), file


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """No sign, no colour, no wrapping; each row is one line with every column, and text from outside is harmless."""
    _page(PlainScreen())

    assert capsys.readouterr().out.splitlines() == [
        "error: 1 problem",
        "",
        "FACTS",
        "Why:         because",
        "Long label:  " + " ".join(["word"] * 20),
        "",
        "TABLE",
        "PIPELINE    ROWS  RUN       WHY                        TOLD",
        "orders        12  aaaa0001  a [bold]503[/] of its own  slack",
        "customers  1,204  -         -                          -",
        "def f():",
        "    pass",
    ]


def test_a_terminal_shows_signs_and_wraps_below(capsys: pytest.CaptureFixture[str]) -> None:
    """Everything begins after the margin with the signs, and long texts go on below themselves."""
    screen, file = _terminal()
    _page(screen)

    assert capsys.readouterr().out == ""
    assert [line.rstrip() for line in file.getvalue().splitlines()] == [
        "✕ 1 problem",
        "",
        "Facts",
        "  Why         because",
        "  Long label  " + " ".join(["word"] * 13),
        "              " + " ".join(["word"] * 7),
        "",
        "Table",
        "  Pipeline    Rows  Run",
        "✕ orders        12  aaaa0001",
        "    a [bold]503[/] of its own",
        "    told: slack",
        "✓ customers  1,204",
        "  def f():",
        "      pass",
    ]


def test_no_line_is_wider_than_the_terminal() -> None:
    """The widest column is made narrower, and no character is lost."""
    screen, file = _terminal(width=50)
    name = "a_pipeline_whose_name_is_much_longer_than_the_terminal_is_wide"

    screen.table(COLUMNS, [(Cell(text=name, tone=Tone.WARNING), "1,204", "aaaa0001", "why " * 30, "")])

    lines = file.getvalue().splitlines()
    assert max(map(len, lines)) <= 50
    assert name in "".join(line[2:33].strip() for line in lines[1:])


def test_code_is_never_broken() -> None:
    """A line of a traceback can be copied, however narrow the terminal is."""
    screen, file = _terminal(width=40)

    screen.code("x =" + " word" * 30 + "\n")

    assert file.getvalue() == "  x =" + " word" * 30 + "\n"


def test_a_wide_window_is_not_filled() -> None:
    """Lines of more than 120 columns are hard to read."""
    screen, file = _terminal(width=300)

    screen.line("word " * 100)

    assert max(map(len, file.getvalue().splitlines())) <= 120


def test_colour_says_what_the_sign_says() -> None:
    """Each tone has a colour where the terminal has any."""
    screen, file = _terminal(colour=True)

    for tone in Tone:
        screen.line("a sentence", tone)

    assert file.getvalue().count("\x1b[") >= len(Tone)
