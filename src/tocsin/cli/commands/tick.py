"""`tocsin tick`."""

from __future__ import annotations

import click

from tocsin.cli.workplace import find_workplace, open_engine


@click.command("tick")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something goes wrong.")
def command(*, quiet: bool) -> None:
    """Do what is due, once: made for cron.

    Takes in what runs have reported, tells of runs that died, are late, stuck or not started, repeats what goes on and
    sends what waits. Any number may run at any time.
    """
    from tocsin.engine.tick import tick
    from tocsin.engine.watchdog import ping

    with open_engine(find_workplace(), watching=True) as engine:
        done = tick(engine)
        url = engine.config.watchdog_url
    if not quiet:
        click.echo(str(done) or "nothing was due")
    if url is not None and (trouble := ping(url)):
        click.echo(f"watchdog_url: {trouble}", err=True)
