"""`tocsin worker`."""

from __future__ import annotations

import logging
import socket

import click

from tocsin.cli import workplace
from tocsin.cli.extra import needs_extra
from tocsin.cli.lasting import print_line, start_again
from tocsin.core.phrases import stamp
from tocsin.errors import ConfigError


@click.command("worker")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 100),
    default=8,
    show_default=True,
    help="How many channels are sent on at a time.",
)
@click.option("--name", help="How it is called in its log and in pg_stat_activity. [default: the name of the machine]")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something goes wrong.")
def command(*, concurrency: int, name: str | None, quiet: bool) -> None:
    """Do what is due for a store in PostgreSQL, together with other workers: the engine beside tocsin serve.

    Any number of workers may run, on any machines. One that is killed, or freezes, is replaced by the others within
    some ten seconds; all of them go on by themselves when PostgreSQL was away. SIGTERM and Ctrl-C end it when what is
    being sent has been sent; SIGHUP makes it read the configuration again.
    """
    from tocsin.engine.opening import open_engine
    from tocsin.engine.signals import Signals
    from tocsin.store.open import is_postgres

    with needs_extra("server"):
        from tocsin.worker.supervise import Worker

    config = workplace.find_workplace().config
    if not is_postgres(config.store):
        # Only the scheme is shown: the rest may hold a password.
        raise ConfigError(
            f"workers share a store in PostgreSQL, and this one is {config.store.partition('://')[0]}://…. Type tocsin "
            "watch or tocsin serve, or set TOCSIN__STORE=postgresql://user:password@host/database"
        )
    logging.getLogger("tocsin").addHandler(logging.StreamHandler())

    def say(text: str) -> None:
        if not quiet:
            print_line(f"{stamp(workplace.clock())} {text}")

    with Signals() as signals:
        Worker(
            open_engine=lambda: open_engine(config, clock=workplace.clock, watching=True),
            signals=signals,
            say=say,
            name=name or socket.gethostname(),
            concurrency=concurrency,
        ).run()
        say("the configuration is read again" if signals.reloading else "ended")
    if signals.reloading:
        start_again()
