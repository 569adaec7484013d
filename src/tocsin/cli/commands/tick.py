"""`tocsin tick`."""

from __future__ import annotations

import click

from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.config.model import Config


@click.command("tick")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something goes wrong.")
def command(*, quiet: bool) -> None:
    """Do what is due, once: made for cron.

    Takes in what runs have reported, tells of runs that died, are late, stuck or not started, repeats what goes on and
    sends what waits. Once a day it deletes what is old. Any number may run at any time. Where reports go to a server it
    sends them there.
    """
    from tocsin.engine.presence import Presence, Role
    from tocsin.engine.prune import describe, prune_daily
    from tocsin.engine.tick import tick
    from tocsin.engine.watchdog import ping

    place = find_workplace()
    if place.config.server is not None:
        _send(place.config, quiet=quiet)
        return
    with open_engine(place, watching=True) as engine:
        done = tick(engine)
        Presence(engine, Role.TICK).note()
        deleted = describe(prune_daily(engine) or {})
        url = engine.config.watchdog_url
    if not quiet:
        said = [str(done), f"{deleted} deleted" if deleted else ""]
        click.echo(", ".join(filter(None, said)) or "nothing was due")
    if url is not None and (trouble := ping(url)):
        click.echo(f"watchdog_url: {trouble}", err=True)


def _send(config: Config, *, quiet: bool) -> None:
    from tocsin.cli.sending import open_uplink
    from tocsin.engine.watchdog import ping

    uplink = open_uplink(config)
    sent = uplink.send()
    uplink.close()
    if not quiet:
        click.echo(str(sent) or "nothing was due")
    if complaint := uplink.complaint(sent):
        click.echo(complaint, err=True)
    elif config.watchdog_url is not None and (trouble := ping(config.watchdog_url)):
        click.echo(f"watchdog_url: {trouble}", err=True)
