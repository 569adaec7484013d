"""`tocsin accept`."""

from __future__ import annotations

import click

from tocsin.cli.acting import act, by_option


@click.command("accept")
@click.argument("alert")
@by_option
def command(*, alert: str, by: str) -> None:
    """Take an unusual volume or duration as the new normal.

    ALERT is a table or a step of a pipeline (orders.items), the beginning of the id of its alert, or
    the name of a pipeline for all its alerts about volume and duration. They end, and from the next
    run on the new level is what is expected.
    """
    from tocsin.engine.accept import accept_level

    act(accept_level, alert, by, done="accepted")
