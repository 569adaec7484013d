"""`tocsin tick`."""

from __future__ import annotations

import click

from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.core.words import count


@click.command("tick")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something goes wrong.")
def command(*, quiet: bool) -> None:
    """Do what is due, once: made for cron.

    Takes in what runs have reported, tells of runs that died, repeats what goes on and sends what waits. Any number
    may run at any time.
    """
    from tocsin.engine.tick import tick

    with open_engine(find_workplace()) as engine:
        done = tick(engine)
    if not quiet:
        parts = (
            (done.events, count(done.events, "event")),
            (done.died, f"{count(done.died, 'run')} died"),
            (done.sent, f"{count(done.sent, 'message')} sent"),
        )
        click.echo(", ".join(words for number, words in parts if number) or "nothing was due")
