"""`tocsin drain`."""

from __future__ import annotations

import sys

import click

from tocsin.cli.sending import about_waiting, open_uplink
from tocsin.cli.workplace import find_workplace


@click.command("drain")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless something is left.")
def command(*, quiet: bool) -> None:
    """Send what waits to the server, now.

    Tells what was sent, what is left and why, and does not wait until the next try is due. Exits with 1 if anything is
    left. Companions, tocsin watch and tocsin tick do the same when it is due.
    """
    uplink = open_uplink(find_workplace().config)
    sent = uplink.send(force=True)
    uplink.close()
    if not quiet:
        click.echo(str(sent) or "nothing was sent")
    if sent.refused:
        click.echo(uplink.complaint(sent), err=True)
    if left := about_waiting(uplink):
        click.echo(left, err=True)
        sys.exit(1)
