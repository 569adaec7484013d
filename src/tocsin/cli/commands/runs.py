"""`tocsin runs`."""

from __future__ import annotations

import click

from tocsin.cli.screen import Column, Row, json_option, open_screen, print_json
from tocsin.cli.wording import run_cell, short
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.core.phrases import outcome, stamp, took, why
from tocsin.core.run import Run
from tocsin.documents.runs import run_document

COLUMNS = (
    Column(name="Pipeline"),
    Column(name="Outcome"),
    Column(name="Started (UTC)"),
    Column(name="Took", right=True),
    Column(name="Rows", right=True),
    Column(name="Run"),
    Column(name="Why", below=""),
)


@click.command("runs")
@click.option("-p", "--pipeline", help="Only the runs of this pipeline.")
@click.option("-n", "--limit", default=20, show_default=True, type=click.IntRange(min=1), help="How many at most.")
@json_option
def command(*, pipeline: str | None, limit: int, as_json: bool) -> None:
    """List the latest runs.

    The newest come first. As JSON: a list of runs as `tocsin show RUN --json` tells one.
    """
    with open_engine(find_workplace()) as engine, engine.store.reading() as tx:
        runs = tx.runs(pipeline=pipeline, limit=limit)
    if as_json:
        print_json([run_document(run) for run in runs])
        return
    screen = open_screen()
    if not runs:
        of = f" of {pipeline}" if pipeline else ""
        screen.line(f"No run{of} is known. Runs of dlt are watched where dlt-tocsin is installed: tocsin doctor")
        return
    screen.table(COLUMNS, [_row(run) for run in runs])


def _row(run: Run) -> Row:
    return (
        run_cell(run),
        outcome(run),
        stamp(run.started_at),
        took(run),
        f"{run.rows:,}",
        short(run.id),
        why(run),
    )
