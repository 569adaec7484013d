"""Conditions on labels as arguments of a command."""

from __future__ import annotations

import click

from tocsin.cli.screen import F
from tocsin.core.matchers import Matcher, parse_matcher
from tocsin.core.route import LABELS


def conditions_argument(function: F) -> F:
    """Add the argument `CONDITION...`; the command gets a tuple of matchers."""
    return click.argument("conditions", nargs=-1, metavar="CONDITION...", callback=_read)(function)


def _read(_ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]) -> tuple[Matcher, ...]:
    try:
        return tuple(parse_matcher(text, labels=LABELS) for text in texts)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
