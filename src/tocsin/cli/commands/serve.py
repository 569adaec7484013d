"""`tocsin serve`."""

from __future__ import annotations

import logging

import click

from tocsin.cli import workplace
from tocsin.cli.extra import needs_extra
from tocsin.cli.lasting import print_line
from tocsin.core.phrases import stamp


def _without_keys(request: logging.LogRecord) -> bool:
    """Take out of the line of a request what opens anything: who pings shows its key in the address."""
    from tocsin.core.redact import Redactor

    request.msg, request.args = Redactor()(request.getMessage()), ()
    return True


@click.command("serve")
@click.option("--host", help="The address to listen on. [default: tocsin.serve.host, or 127.0.0.1]")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="The port to listen on, 0 for any that is free. [default: tocsin.serve.port, or 8765]",
)
@click.option("--access-log", is_flag=True, help="Say each request.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something goes wrong.")
def command(*, host: str | None, port: int | None, access_log: bool, quiet: bool) -> None:
    """Take reports in over HTTP, and show what they tell: the server.

    With a store in a file it does what tocsin watch does too. With a store in PostgreSQL any number of servers may
    stand side by side, and tocsin worker does the rest. SIGTERM and Ctrl-C end it when what has begun is done.
    """
    with needs_extra("server"):
        from tocsin.web.listening import listen
        from tocsin.web.serve import serve

    config = workplace.find_workplace().config
    logging.getLogger("tocsin").addHandler(logging.StreamHandler())

    if access_log:
        requests = logging.getLogger("uvicorn.access")
        requests.addFilter(_without_keys)
        requests.addHandler(logging.StreamHandler())
        requests.setLevel(logging.INFO)

    def say(text: str) -> None:
        if not quiet:
            print_line(f"{stamp(workplace.clock())} {text}")

    with listen(host or config.host, config.port if port is None else port) as bound:
        serve(config, bound, clock=workplace.clock, say=say, access_log=access_log)
    say("ended")
