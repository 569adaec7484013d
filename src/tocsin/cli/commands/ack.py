"""`tocsin ack`."""

from __future__ import annotations

from functools import partial

import click

from tocsin.cli.acting import act, by_option, issue_option


@click.command("ack")
@click.argument("alert")
@by_option
@issue_option
def command(*, alert: str, by: str, issue: str | None) -> None:
    """Take care of an alert: it is not repeated until it changes.

    ALERT is the beginning of its id, the name of a pipeline, or the id of a group for all in it.
    """
    from tocsin.engine.act import acknowledge_alert

    act(partial(acknowledge_alert, issue=issue), alert, by, done="acknowledged")
