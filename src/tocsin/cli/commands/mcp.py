"""`tocsin mcp`."""

from __future__ import annotations

import signal
import sys

import click

from tocsin.cli.acting import by_option
from tocsin.cli.extra import needs_extra


@click.command("mcp")
@click.option(
    "--allow-acting", is_flag=True, help="Let the model acknowledge, snooze, resolve and silence; else it only reads."
)
@by_option
def command(*, allow_acting: bool, by: str) -> None:
    """Answer what a model asks about pipelines, over MCP.

    It speaks the Model Context Protocol on stdin and stdout: a client starts it in the folder of the pipelines, and
    ends it. --by is in whose name the model acts; the audit trail says that it came by MCP.
    """
    with needs_extra("mcp"):
        from tocsin.cli.mcp_desk import make_desk
        from tocsin.integrations.mcp.server import make_server

    # The SDK reads stdin in a thread that Python would wait for. What acts have begun is durable, wherever it ends.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.stdin.isatty():
        click.echo("tocsin mcp is for programs, which write to it: see --help. Ctrl-C ends it.", err=True)
    make_server(make_desk(by), acting=allow_acting).run("stdio")
