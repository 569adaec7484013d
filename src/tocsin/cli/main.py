"""The command `tocsin`. A command is one file in `commands/` and one line here."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

import tocsin
from tocsin.errors import TocsinError

#: Name and summary, in the order of the help. `commands/NAME.py` holds `command` and is imported when it is asked for.
COMMANDS = {
    "demo": "Show what alerts look like: real dlt pipelines fail, hang, come late or never start.",
    "init": "Write the [tocsin] section, set up a channel and send a test message.",
    "status": "Tell what is wrong, since when and who knows.",
    "runs": "List the latest runs.",
    "alerts": "List what is open, or all that ever was.",
    "show": "Tell all about a run, an alert or a group, and why somebody was told or not.",
    "history": "Draw durations and rows of the latest runs with what was expected of them.",
    "backtest": "Tell what the rules would have fired on recorded runs, when, and how often a month.",
    "report": "Write what was seen into one HTML file, to open in a browser, mail or keep.",
    "ack": "Take care of an alert: it is not repeated until it changes.",
    "snooze": "Put an alert off: nobody hears of it until then, unless it changes or ends.",
    "resolve": "End an alert by hand.",
    "accept": "Take an unusual volume or duration as the new normal.",
    "silence": "Mute what fits conditions for a while, or see what that would mute.",
    "watch": "Do what is due, as a process that goes on: made for systemd and containers.",
    "tick": "Do what is due, once: made for cron.",
    "drain": "Send what waits to the server, now.",
    "mcp": "Answer what a model asks about pipelines, over MCP.",
    "serve": "Take reports in over HTTP, and show what they tell: the server.",
    "worker": "Do what is due for a store in PostgreSQL, together with other workers: the engine beside tocsin serve.",
    "key": "Make, list and revoke the keys that pipelines and programs show to a server.",
    "user": "Add and change the people who may log in to a server.",
    "run": "Watch a command of any kind.",
    "check": "Ask the destination whether the data are right.",
    "channel": "List the channels, or send a test message through one.",
    "route": "Explain who would hear of a problem, when, and why nobody else does.",
    "config": "Check the configuration, or show what is in force.",
    "db": "Upgrade the database, see what it holds, or copy it into another one.",
    "doctor": "Find out why something does not work.",
}


class Commands(click.Group):
    """Imports a command when it is used, and shows our errors as the sentence that they are."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names in the order of the registry."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command with this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"tocsin.cli.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an error of ours becomes its message and exit code 1."""
        try:
            return super().invoke(ctx)
        except TocsinError as error:
            if ctx.params["debug"]:
                raise
            raise click.ClickException(str(error)) from error


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(tocsin.__version__, prog_name="tocsin")
@click.option("--debug", is_flag=True, help="Show where an error comes from.")
def cli(*, debug: bool) -> None:  # read by Commands.invoke
    """Know when your dlt pipelines break, run late, hang, or never start, and why."""


def main(words: Sequence[str] | None = None, *, name: str | None = None) -> None:
    """Run the command line, and end the process.

    Args:
        words: What was typed after the name; None for what the process was started with.
        name: What was typed to get here, for the help; None for the name of the program.
    """
    for stream in (sys.stdout, sys.stderr):
        # What an exception said may hold characters that this terminal or pipe cannot show.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # both are text streams
    cli(words, name)
