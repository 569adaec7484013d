"""`tocsin backtest`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tocsin.cli.backtest_views import backtest_document, show_backtest
from tocsin.cli.screen import json_option, open_screen, print_json
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.config.model import Config
from tocsin.core.message import Tone
from tocsin.core.run import Run
from tocsin.engine.backtest import Backtest, replay
from tocsin.engine.engine import Engine
from tocsin.errors import NotFound

#: Runs that are read from the store at once.
_PAGE = 500
#: What is tried for `false_alerts` below the setting in force, the most attentive first.
_TRIED = (1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.01, 0.003, 0.001)


@click.command("backtest")
@click.option("-p", "--pipeline", metavar="NAME", help="Only this pipeline; of --csv the name to give it.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(min=1), help="How far back, in the store.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Counts: table,date,rows and maybe seconds.")
@click.option("--traces", type=click.Path(path_type=Path, exists=True), help="A folder with dlt's trace.pickle files.")
@click.option("--loads", is_flag=True, help="What _dlt_loads in the destination of the pipeline tells.")
@click.option("--destination", help="dlt's name of it, for --loads where the pipeline has not run on this machine.")
@click.option("--dataset", help="Name of the dataset, with --destination.")
@click.option(
    "--budget", type=click.FloatRange(min=0), help="Alerts a month that each table may have; 1 exits over it."
)
@click.option("--tune", is_flag=True, help="Find the setting that keeps to the budget.")
@json_option
def command(  # the options are the command
    *,
    pipeline: str | None,
    days: int,
    csv_file: Path | None,
    traces: Path | None,
    loads: bool,
    destination: str | None,
    dataset: str | None,
    budget: float | None,
    tune: bool,
    as_json: bool,
) -> None:
    """Tell what the rules would have fired on recorded runs, when, and how often a month.

    The engine lives through the runs again, in memory and with the settings that are in force here: nobody is told.
    The runs come from the store, or from --csv, --traces or --loads, from before Tocsin was there. A trace
    is a pickle, which can run code: read only your own.

    The budget is for tables, steps and the like. How often a pipeline fails or is late depends on no threshold.

    \b
    As JSON:
      begin, end, runs, false_alerts
      fired    alerts in the order in which they would have opened, each as in tocsin show ALERT --json
      counts   for each pipeline, environment, topic and item: alerts, per_month, over (the budget)
      tuned    the setting that keeps to the budget; null without --tune, or where there is none
    """  # noqa: D301  # click reads \b as a character
    if tune and budget is None:
        raise click.UsageError("--tune needs a budget: --budget 1")
    if sum((csv_file is not None, traces is not None, loads)) > 1:
        raise click.UsageError("--csv, --traces and --loads are three places to read from; choose one")
    screen = open_screen()
    with open_engine(find_workplace()) as engine:
        config = engine.config
        if csv_file is not None:
            from tocsin.cli.recorded_csv import read_csv

            runs: Sequence[Run] = read_csv(csv_file, pipeline=pipeline or csv_file.stem, environment=config.environment)
        elif traces is not None:
            from tocsin.capture.history.traces import read_traces

            found = read_traces(traces, environment=config.environment)
            runs = [run for run in found.runs if pipeline in {None, run.pipeline}]
            for why in found.unread if not as_json else ():
                screen.line(why, Tone.WARNING)
        elif loads:
            runs = _loads(pipeline, config, destination, dataset)
        else:
            runs = list(_stored(engine, pipeline, days))
    if not any(run.ended_at is not None for run in runs):
        raise NotFound("there is no run to look at: tocsin runs lists those in the store, --help other places")
    tested = _replay(config, runs)
    tuned = _tune(config, runs, tested, budget) if tune and budget is not None else None
    if as_json:
        print_json(backtest_document(tested, budget=budget, false_alerts=config.false_alerts, tuned=tuned))
    else:
        show_backtest(screen, tested, budget=budget, false_alerts=config.false_alerts, tune=tune, tuned=tuned)
    if budget is not None and tested.over(budget):
        sys.exit(1)


def _loads(pipeline: str | None, config: Config, destination: str | None, dataset: str | None) -> list[Run]:
    from tocsin.capture.history.loads import read_loads

    if pipeline is None:
        raise click.UsageError("--loads needs the name of the pipeline: --pipeline NAME")
    return read_loads(pipeline, environment=config.environment, destination=destination, dataset=dataset)


def _stored(engine: Engine, pipeline: str | None, days: int) -> Iterator[Run]:
    """Yield the runs that are in the store, newest first."""
    since, before = engine.clock() - timedelta(days=days), None
    while True:
        with engine.store.reading() as tx:
            page = tx.runs(pipeline=pipeline, before=before, limit=_PAGE)
        yield from (run for run in page if run.started_at >= since)
        if len(page) < _PAGE or page[-1].started_at < since:
            return
        before = page[-1].started_at


def _replay(config: Config, runs: Sequence[Run]) -> Backtest:
    with TemporaryDirectory(prefix="tocsin-") as home:
        return replay(replace(config, home=Path(home)), runs)


def _tune(config: Config, runs: Sequence[Run], tested: Backtest, budget: float) -> float | None:
    """Return the most attentive setting that keeps to the budget, the one in force or less; None where none does."""
    over = {subject[0] for subject in tested.over(budget)}
    if not over:
        return config.false_alerts
    # What each pipeline brings is judged by itself, and less is told of it with each step.
    noisy = [run for run in runs if run.pipeline in over]
    rates = (rate for rate in _TRIED if rate < config.false_alerts)
    return next((rate for rate in rates if not _replay(replace(config, false_alerts=rate), noisy).over(budget)), None)
