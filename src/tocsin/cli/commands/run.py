"""`tocsin run`."""

from __future__ import annotations

import click

from tocsin.capture.command import watch_command
from tocsin.capture.relay import end_like


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--name", metavar="NAME", help="Alerts and history belong to it.  [default: the program or script]")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD …")
def command(*, name: str | None, command: tuple[str, ...]) -> None:
    """Watch a command of any kind.

    Its input and output, its exit code and the signals to it pass through unchanged. A failure is told with the end
    of its output, unless that goes to a terminal.
    """
    end_like(watch_command(command, name=name))
