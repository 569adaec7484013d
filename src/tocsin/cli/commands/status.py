"""`tocsin status`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime

import click

from tocsin.cli import notices, told
from tocsin.cli.screen import Column, Row, Screen, json_option, open_screen, print_json
from tocsin.cli.wording import run_cell, short
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.core.alert import Alert, State
from tocsin.core.message import Tone
from tocsin.core.phrases import ago, outcome, tone_of_alert, took
from tocsin.core.run import Run
from tocsin.core.words import count
from tocsin.documents.alerts import read_alert
from tocsin.documents.channels import channel_views
from tocsin.documents.runs import run_document

_PIPELINES = (
    Column(name="Pipeline"),
    Column(name="Last run"),
    Column(name="Started", right=True),
    Column(name="Took", right=True),
    Column(name="Rows", right=True),
    Column(name="Run"),
)
_MOST = 1000


@click.command("status")
@click.option("--fail", is_flag=True, help="Exit with 1 if an alert is open.")
@json_option
def command(*, fail: bool, as_json: bool) -> None:
    """Tell what is wrong, since when and who knows.

    \b
    As JSON:
      alerts     what is open, each as in tocsin show ALERT --json
      pipelines  the latest run of each, as in tocsin show RUN --json
      channels   as in tocsin channel list --json
      problems   of the configuration: origin, key, found, remedy
      notices    what is wrong with Tocsin itself, in sentences
    """  # noqa: D301  # click reads \b as a character
    place = find_workplace()
    with open_engine(place) as engine, engine.store.reading() as tx:
        now = engine.clock()
        alerts = tx.alerts(open_only=True, limit=_MOST)
        runs = sorted(tx.latest_runs(), key=lambda run: (not run.outcome.bad, run.pipeline, run.environment))
        channels = channel_views(engine, tx)
        of_ours = list(notices.about_all(engine, tx, channels))
        documents = [read_alert(tx, alert) for alert in alerts]
        rows = [told.alert_row(tx, alert) for alert in alerts]
    if as_json:
        pipelines = [run_document(run) for run in runs]
        print_json(
            {
                "alerts": documents,
                "pipelines": pipelines,
                "channels": [channel.document() for channel in channels],
                "problems": engine.problems,
                "notices": of_ours,
            }
        )
    else:
        _print(open_screen(), alerts, rows, runs, of_ours, now)
    if fail and alerts:
        sys.exit(1)


def _print(
    screen: Screen,
    alerts: Sequence[Alert],
    rows: Sequence[Row],
    runs: Sequence[Run],
    of_ours: Sequence[str],
    now: datetime,
) -> None:
    screen.line(*_verdict(alerts, runs))
    if rows:
        screen.heading("Problems")
        screen.table(told.COLUMNS, rows)
    if runs:
        screen.heading("Pipelines")
        screen.table(_PIPELINES, [_row(run, now) for run in runs])
    if of_ours:
        screen.heading("Tocsin itself")
        for notice in of_ours:
            screen.line(notice, Tone.WARNING)
    if not runs:
        screen.heading("What to do next")
        screen.line("Run a dlt pipeline: it is watched without a line of code.")
        screen.line("tocsin init sets up a channel, tocsin demo shows what alerts look like.")


def _verdict(alerts: Sequence[Alert], runs: Sequence[Run]) -> tuple[str, Tone]:
    """Return whether all is well, in one sentence."""
    if alerts:
        worst = min((tone_of_alert(alert) for alert in alerts), key=tuple(Tone).index)
        known = sum(alert.state is State.ACKNOWLEDGED for alert in alerts)
        return count(len(alerts), "problem") + (f", {known} acknowledged" if known else ""), worst
    if not runs:
        return "No run has been seen yet", Tone.INFO
    return f"No problem in {count(len(runs), 'pipeline')}", Tone.GOOD


def _row(run: Run, now: datetime) -> Row:
    return run_cell(run), outcome(run), ago(run.started_at, now), took(run), f"{run.rows:,}", short(run.id)
