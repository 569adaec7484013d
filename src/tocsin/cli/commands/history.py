"""`tocsin history`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import click

from tocsin.cli.screen import Cell, Column, Row, Screen, json_option, open_screen, print_json
from tocsin.cli.wording import subject_cell
from tocsin.cli.workplace import find_workplace, open_engine
from tocsin.core.alert import Alert
from tocsin.core.message import Tone
from tocsin.core.phrases import ago, minute, pipeline, problem
from tocsin.core.series import KEPT, Key, Measure
from tocsin.core.sparkline import sparkline
from tocsin.core.trend import Trend, trend
from tocsin.core.words import listing
from tocsin.engine.engine import Engine
from tocsin.errors import NotFound
from tocsin.store.protocol import Transaction

_DRAWN = 30
_ALERTS, _SHOWN = 200, 10
_TABLES = (
    Column(name="Table or step"),
    Column(name="Last run", right=True),
    Column(name="Expected"),
    Column(name="Unusual", right=True),
    Column(name="Runs"),
)
_PROBLEMS = (Column(name="About"), Column(name="Problem"), Column(name="Since (UTC)"), Column(name="Why", below=""))


@dataclass(frozen=True, kw_only=True)
class _History:
    pipeline: str
    environment: str
    #: The one table or step that is asked for; None for all.
    item: str | None
    trends: Mapping[Key, Trend]
    #: Newest first.
    alerts: Sequence[Alert]


@click.command("history")
@click.argument("name", metavar="PIPELINE[.TABLE]")
@click.option("-n", "--limit", default=60, show_default=True, type=click.IntRange(1, KEPT), help="How many runs.")
@json_option
def command(*, name: str, limit: int, as_json: bool) -> None:
    """Draw durations and rows of the latest runs with what was expected of them.

    Of a pipeline its duration is drawn, and of each table and step a line tells the last run. Of a table or step
    (PIPELINE.TABLE, PIPELINE.extract) all is drawn. In a pipe the points are a table.

    \b
    As JSON:
      pipeline, environment
      series   each with measure (rows, seconds), item, and points: at, value, low, high, expected (in words),
               left_out (why nothing was learned from it, or null), unusual
      alerts   those about it, newest first, open or not
    """  # noqa: D301  # click reads \b as a character
    with open_engine(find_workplace()) as engine, engine.store.reading() as tx:
        history = _read(engine, tx, name, limit)
        now = engine.clock()
    if as_json:
        print_json(
            {
                "pipeline": history.pipeline,
                "environment": history.environment,
                "series": [_document(each) for each in history.trends.values()],
                "alerts": history.alerts,
            }
        )
        return
    screen = open_screen()
    for each in _drawn(history):
        last, expected = each.points[-1], f", expected {each.expected}" if each.expected else ""
        of = pipeline(history.pipeline, history.environment)
        screen.heading(f"{of}, {each.name}: {each.words(last.value)}, {ago(last.at, now)}{expected}")
        screen.trend(each)
    _show_tables(screen, history)
    _show_alerts(screen, history)


def _read(engine: Engine, tx: Transaction, name: str, limit: int) -> _History:
    found, environment, item = _meant(engine, tx, name)
    series = {key: one for key, one in tx.series(found, environment).items() if item in {None, key[1]} and one.points}
    alerts = [
        alert
        for alert in tx.alerts(subject=found, limit=_ALERTS)
        if alert.environment == environment and item in {None, alert.item}
    ]
    return _History(
        pipeline=found,
        environment=environment,
        item=item,
        trends={
            key: trend(one, alerts, false_alerts=engine.config.false_alerts, newest=limit)
            for key, one in sorted(series.items())
        },
        alerts=sorted(alerts, key=lambda alert: alert.since, reverse=True),
    )


def _meant(engine: Engine, tx: Transaction, name: str) -> tuple[str, str, str | None]:
    """Return the pipeline, its environment, and the table or step that is asked for.

    Raises:
        NotFound: There is no such pipeline, or it has no such table or step; the message lists what there is.
    """
    # Those of the environment at hand go before those of others.
    here = engine.config.environment
    seen = sorted(((run.pipeline, run.environment) for run in tx.latest_runs()), key=lambda one: one[1] == here)
    known = dict(seen)
    if name in known:
        return name, known[name], None
    dots = [place for place, letter in enumerate(name) if letter == "."]
    of_known = [(name[:dot], name[dot + 1 :]) for dot in reversed(dots) if name[:dot] in known]
    if not of_known:
        raise NotFound(f"no pipeline is called {name!r}; pipelines: {listing(sorted(known), most=5) or 'none yet'}")
    for found, item in of_known:
        if any(key[1] == item for key in tx.series(found, known[found])):
            return found, known[found], item
    found, item = of_known[0]
    items = listing(sorted({key[1] for key in tx.series(found, known[found])} - {""}), most=5) or "none yet"
    raise NotFound(f"{found} has no table or step {item!r} that is known; there are: {items}")


def _drawn(history: _History) -> Iterator[Trend]:
    """Yield what is drawn: all of a table or step; of a pipeline how long it took."""
    for (measure, item), each in history.trends.items():
        if history.item is not None or (measure, item) == (Measure.SECONDS, ""):
            yield each


def _show_tables(screen: Screen, history: _History) -> None:
    others = [each for (_, item), each in history.trends.items() if item] if history.item is None else []
    if others:
        screen.heading("Tables and steps")
        screen.table(_TABLES, [_row(each) for each in others])
    elif not history.trends:
        screen.line(f"No run of {history.pipeline} has gone well yet, so nothing is known: tocsin runs")


def _row(each: Trend) -> Row:
    last = each.points[-1]
    tone = Tone.ERROR if last.unusual else Tone.GOOD
    unit = "rows" if each.measure is Measure.ROWS else ""
    values = [point.value for point in each.points[-_DRAWN:]]
    return (
        Cell(text=each.item, tone=tone),
        f"{each.words(last.value)} {unit}".strip(),
        each.expected,
        str(each.unusual or ""),
        sparkline(values),
    )


def _show_alerts(screen: Screen, history: _History) -> None:
    if history.alerts:
        screen.heading("Alerts")
        rows = [
            (subject_cell(alert), _problem(alert), minute(alert.since), alert.summary)
            for alert in history.alerts[:_SHOWN]
        ]
        screen.table(_PROBLEMS, rows)
        if len(history.alerts) > _SHOWN:
            screen.line(f"+{len(history.alerts) - _SHOWN} more: tocsin alerts --all")


def _problem(alert: Alert) -> str:
    return problem(alert) if alert.open else f"{problem(alert)}, over"


def _document(each: Trend) -> dict[str, object]:
    return {
        "measure": each.measure,
        "item": each.item,
        "points": [{field.name: getattr(point, field.name) for field in fields(point)} for point in each.points],
    }
