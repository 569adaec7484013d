"""`tocsin show`."""

from __future__ import annotations

import click

from tocsin.cli.screen import json_option, open_screen, print_json
from tocsin.cli.show_alert import show_alert
from tocsin.cli.show_group import find_group, show_group
from tocsin.cli.show_run import read_log, show_run
from tocsin.cli.show_slots import read_slots, show_slots
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.core.alert import Alert
from tocsin.core.run import Run
from tocsin.documents.alerts import life_document, read_life
from tocsin.documents.groups import group_document
from tocsin.documents.named import find_named
from tocsin.documents.runs import run_document
from tocsin.documents.slots import slot_document


@click.command("show")
@click.argument("name", metavar="ID")
@json_option
def command(*, name: str, as_json: bool) -> None:
    """Tell all about a run, an alert or a group, and why somebody was told or not.

    ID is the beginning of the id of a run, an alert or a group of alerts, or the name of a pipeline: then its open
    alert, its latest run and what became of the runs that were expected of it are shown.

    \b
    As JSON, three keys of which one of the first two may be null:
      alert  every fact of the alert; told (who knows), runs (ids), notifications with their deliveries
      run    every fact of the run; rows, duration_seconds, log (the end of the log, if it was kept)
      slots  its latest expected runs: due_at, start_by, finish_by, state, logical_id, schedule, timezone
    Of a group: group (its facts) and alerts.
    """  # noqa: D301  # click reads \b as a character
    with open_engine(find_workplace()) as engine, engine.store.reading() as tx:
        if (group := find_group(tx, name)) is not None:
            if as_json:
                print_json(group_document(tx, group))
            else:
                show_group(open_screen(), tx, group)
            return
        alert, run = find_named(tx, name)
        life = read_life(tx, alert) if alert is not None else None
        of_alert = life_document(tx, life) if life is not None else None
        slots = read_slots(tx, name, _environment(alert, run))
    log = read_log(run) if run is not None else None
    if as_json:
        of_run = {**run_document(run), "log": log} if run is not None else None
        print_json({"alert": of_alert, "run": of_run, "slots": [slot_document(slot) for slot in slots]})
        return
    screen = open_screen()
    if life is not None:
        show_alert(screen, life)
    if run is not None:
        if life is not None:
            screen.heading("Latest run")
        show_run(screen, run, log)
    show_slots(screen, slots)


def _environment(alert: Alert | None, run: Run | None) -> str:
    return next((about.environment for about in (alert, run) if about is not None), "")
