"""`tocsin snooze`."""

from __future__ import annotations

from functools import partial

import click

from tocsin.cli import workplace
from tocsin.cli.acting import act, by_option, issue_option
from tocsin.cli.times import end_of, length_options
from tocsin.core.phrases import stamp


@click.command("snooze")
@click.argument("alert")
@length_options
@by_option
@issue_option
def command(*, alert: str, length: str | None, until: str | None, by: str, issue: str | None) -> None:
    """Put an alert off: nobody hears of it until then, unless it changes or ends.

    ALERT is the beginning of its id, the name of a pipeline, or the id of a group for all in it.
    A snooze takes the place of an acknowledgement.
    """
    from tocsin.engine.act import snooze_alert

    now = workplace.clock()
    end = end_of(length, until, start=now, now=now)
    act(partial(snooze_alert, until=end, issue=issue), alert, by, done=f"snoozed until {stamp(end)} UTC")
