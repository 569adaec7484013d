"""`tocsin alerts`."""

from __future__ import annotations

import click

from tocsin.cli import told
from tocsin.cli.screen import json_option, open_screen, print_json
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.core.message import Tone
from tocsin.documents.alerts import read_alert


@click.command("alerts")
@click.option("-a", "--all", "everything", is_flag=True, help="Those that are over too.")
@click.option("-n", "--limit", default=50, show_default=True, type=click.IntRange(min=1), help="How many at most.")
@json_option
def command(*, everything: bool, limit: int, as_json: bool) -> None:
    """List what is open, or all that ever was.

    Open alerts come first, then the newest. As JSON: a list of alerts as `tocsin show ALERT --json` tells one.
    """
    with open_engine(find_workplace()) as engine, engine.store.reading() as tx:
        alerts = tx.alerts(open_only=not everything, limit=limit)
        documents = [read_alert(tx, alert) for alert in alerts]
        rows = [told.alert_row(tx, alert) for alert in alerts]
    if as_json:
        print_json(documents)
        return
    screen = open_screen()
    if rows:
        screen.table(told.COLUMNS, rows)
    elif everything:
        screen.line("There never was an alert.", Tone.GOOD)
    else:
        screen.line("No alert is open. Those that are over: tocsin alerts --all", Tone.GOOD)
