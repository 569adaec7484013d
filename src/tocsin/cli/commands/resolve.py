"""`tocsin resolve`."""

from __future__ import annotations

import click

from tocsin.cli.acting import act, by_option


@click.command("resolve")
@click.argument("alert")
@by_option
def command(*, alert: str, by: str) -> None:
    """End an alert by hand.

    ALERT is the beginning of its id, the name of a pipeline, or the id of a group for all in it.
    The next failure opens a new alert.
    """
    from tocsin.engine.act import resolve_alert

    act(resolve_alert, alert, by, done="resolved")
