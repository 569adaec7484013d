"""`tocsin config`."""

from __future__ import annotations

import sys

import click

from tocsin.cli import workplace
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

    One line a problem: the file, the key, what was found and what to write instead. Expectations of [[tocsin.expect]]
    that do not hold are problems. What can be used and is hardly meant is a warning: it does not change the exit code.
    """
    from tocsin.config.lint import lint
    from tocsin.engine.expectations import unmet
    from tocsin.engine.opening import open_engine
    from tocsin.store.memory import MemoryStore

    place = find_workplace()
    # Nothing is looked up in the store: a check of files needs none.
    engine = open_engine(place.config, store=MemoryStore(), clock=workplace.clock)
    now = engine.clock()
    warnings = lint(place.layers, place.config, now)
    problems = [*engine.problems, *unmet(engine, place.config, now)]
    for problem in problems:
        click.echo(str(problem))
    for warning in warnings:
        click.echo(f"warning: {warning}")
    if problems:
        sys.exit(2)
    from tocsin.cli.settings_in_force import settings_in_force

    given = [setting for setting in settings_in_force(place) if setting.origin != "default"]
    looked_at = [count(len(given), "setting"), count(len(engine.channels), "channel")]
    if expected := place.config.expected:
        looked_at.append(f"{count(len(expected), 'expectation')} met")
    click.echo(f"{', '.join(looked_at)}: {count(len(warnings), 'warning') if warnings else 'all good'}")


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
