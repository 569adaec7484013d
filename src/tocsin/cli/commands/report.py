"""`tocsin report`."""

from __future__ import annotations

from pathlib import Path

import click

from tocsin.cli.screen import open_screen
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.core.message import Tone
from tocsin.core.words import count
from tocsin.errors import NotFound


@click.command("report")
@click.option(
    "-o",
    "--out",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help='Where to write it; "-" for the standard output.',
)
@click.option("-p", "--pipeline", help="Only this pipeline.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366), help="How many days it looks back.")
def command(*, out: Path, pipeline: str | None, days: int) -> None:
    """Write what was seen into one HTML file, to open in a browser, mail or keep.

    Open problems come first, then each pipeline, the worst first: its runs, durations and rows
    with what was expected of them, how fresh each table is, its checks, what changed in the
    schema, and the runs that did not come. The file needs no server and loads nothing.
    """
    from tocsin.report.facts import read_overview
    from tocsin.report.page import draw

    with open_engine(find_workplace()) as engine, engine.store.reading() as tx:
        overview = read_overview(
            tx,
            now=engine.clock(),
            days=days,
            environment=engine.config.environment,
            pipeline=pipeline,
        )
        if pipeline is not None and not overview.pipelines:
            raise NotFound(f"no pipeline is called {pipeline!r}: tocsin status lists those that were seen")
    page = draw(overview, false_alerts=engine.config.false_alerts)
    if str(out) == "-":
        click.echo(page)
        return
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"--out {out}: {error.strerror or error}") from error
    size = len(page.encode()) / 1024
    of = count(len(overview.pipelines), "pipeline")
    open_screen().line(
        f"Wrote {out}: {of}, {count(len(overview.open_alerts), 'open problem')}, {size:,.0f} KB", Tone.GOOD
    )
