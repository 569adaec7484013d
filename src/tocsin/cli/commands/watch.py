"""`tocsin watch`."""

from __future__ import annotations

import logging
from datetime import timedelta

import click

from tocsin.cli import workplace
from tocsin.cli.lasting import print_line, start_again
from tocsin.core.duration import parse_duration
from tocsin.core.phrases import stamp
from tocsin.core.words import duration

_SHORTEST = timedelta(seconds=1)


def _every(_context: click.Context, _parameter: click.Parameter, value: str) -> timedelta:
    try:
        every = parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if every < _SHORTEST:
        raise click.BadParameter("the shortest is 1s: what runs report is seen within a second all the same")
    return every


@click.command("watch")
@click.option("--every", default="10s", show_default=True, callback=_every, help="The longest time between two ticks.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something goes wrong.")
def command(*, every: timedelta, quiet: bool) -> None:
    """Do what is due, as a process that goes on: made for systemd and containers.

    It ticks (see tocsin tick), and at once when a run has reported something or a message becomes due. A second
    watcher in the same directory stands by. SIGTERM and Ctrl-C end it when what is being sent has been sent; SIGHUP
    makes it read the configuration again. Where reports go to a server it sends them there, for all pipelines of the
    directory.
    """
    from tocsin.cli.sending import open_uplink
    from tocsin.engine.forward import Forwarder
    from tocsin.engine.lock import watcher_lock
    from tocsin.engine.loop import Watcher
    from tocsin.engine.opening import open_engine
    from tocsin.engine.signals import Signals
    from tocsin.engine.systemd import notify_systemd

    config = workplace.find_workplace().config
    logging.getLogger("tocsin").addHandler(logging.StreamHandler())

    def say(text: str) -> None:
        if not quiet:
            print_line(f"{stamp(workplace.clock())} {text}")

    with Signals() as signals:
        say(f"watching {config.home} every {duration(every)}")
        notify_systemd("READY=1")
        if config.server is not None:
            say(f"what is reported goes to {config.server}")
            Forwarder(uplink=open_uplink(config), signals=signals, say=say, every=every).run()
        else:
            Watcher(
                open_engine=lambda: open_engine(config, clock=workplace.clock, watching=True),
                lock=watcher_lock(config.home),
                signals=signals,
                say=say,
                every=every,
            ).run()
        say("the configuration is read again" if signals.reloading else "ended")
    if signals.reloading:
        start_again()
