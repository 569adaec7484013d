"""`tocsin config`."""

from __future__ import annotations

import sys

import click

from tocsin.cli.screen import Column, json_option, open_screen, print_json
from tocsin.cli.workplace import find_workplace
from tocsin.core.words import count

_COLUMNS = (Column(name="Setting"), Column(name="Value"), Column(name="From"))


@click.group("config")
def command() -> None:
    """Check the configuration, or show what is in force."""


@command.command("check")
def check() -> None:
    """Tell what is wrong in the configuration; exits with 2 if anything is.

    One line a problem: the file, the key, what was found and what to write instead.
    """
    from tocsin.engine.opening import make_channels

    place = find_workplace()
    channels, of_channels = make_channels(place.config.channels)
    problems = (*place.config.problems, *of_channels)
    for problem in problems:
        click.echo(str(problem))
    if problems:
        sys.exit(2)
    from tocsin.cli.settings_in_force import settings_in_force

    given = [setting for setting in settings_in_force(place) if setting.origin != "default"]
    click.echo(f"{count(len(given), 'setting')}, {count(len(channels), 'channel')}: all good")


@command.command("show")
@json_option
def show(*, as_json: bool) -> None:
    """Show the settings that are in force and where they come from; secrets are masked.

    As JSON, a list of key, value and origin.
    """
    from tocsin.cli.settings_in_force import settings_in_force

    settings = settings_in_force(find_workplace())
    if as_json:
        print_json([{"key": s.key, "value": s.value, "origin": s.origin} for s in settings])
        return
    open_screen().table(_COLUMNS, [(s.key, s.value or "", s.origin) for s in settings])
