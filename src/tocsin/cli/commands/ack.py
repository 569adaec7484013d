"""`tocsin ack`."""

from __future__ import annotations

import click

from tocsin.cli.acting import act, by_option


@click.command("ack")
@click.argument("alert")
@by_option
def command(*, alert: str, by: str) -> None:
    """Take care of an alert: it is not repeated until it changes.

    ALERT is the beginning of its id, or the name of a pipeline.
    """
    from tocsin.engine.act import acknowledge_alert

    act(acknowledge_alert, alert, by, done="acknowledged")
