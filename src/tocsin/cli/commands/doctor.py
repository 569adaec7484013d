"""`tocsin doctor`."""

from __future__ import annotations

import sys

import click

import tocsin
from tocsin.cli.examination import examine
from tocsin.cli.screen import Cell, Column, json_option, open_screen, print_json
from tocsin.cli.workplace import find_workplace
from tocsin.core.words import count

_COLUMNS = (Column(name="Part"), Column(name="State"), Column(name="Found"))


@click.command("doctor")
@json_option
def command(*, as_json: bool) -> None:
    """Find out why something does not work.

    Looks at every part that a run passes through, and sends nothing. Exits with 1 if anything is broken. As JSON:
    version, ok, and in signs a list of part, state (ok, warning, broken) and text.
    """
    signs = [*examine(find_workplace())]
    broken = sum(sign.state == "broken" for sign in signs)
    if as_json:
        found = [{"part": sign.part, "state": sign.state, "text": sign.text} for sign in signs]
        print_json({"version": tocsin.__version__, "ok": not broken, "signs": found})
    else:
        screen = open_screen()
        screen.line(f"Tocsin {tocsin.__version__} on Python {sys.version.split()[0]}, {sys.executable}")
        screen.table(_COLUMNS, [(Cell(text=sign.part, tone=sign.tone), sign.state, sign.text) for sign in signs])
        screen.line(f"{count(broken, 'problem')}" if broken else "Nothing is broken")
    if broken:
        sys.exit(1)
