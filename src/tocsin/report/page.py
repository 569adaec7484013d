"""The report as one HTML file. Whatever its facts say, it loads nothing, runs nothing and stays of a usable size."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from xml.etree.ElementTree import Element

import tocsin
from tocsin.channels.formats.element import document, node
from tocsin.channels.formats.literal import SIGNS, clean
from tocsin.core.alert import Alert
from tocsin.core.message import Tone
from tocsin.core.phrases import minute, tone_of_alert
from tocsin.core.words import count
from tocsin.report.facts import Overview
from tocsin.report.lines import Charts
from tocsin.report.pieces import CLASSES, card, more
from tocsin.report.pipeline import draw_pipeline
from tocsin.report.strip import signs

#: Pipelines and alerts in one file.
_PIPELINES, _ALERTS = 1000, 30
#: Pipelines in trouble of which all is seen at once.
_OPENED = 3
#: Pipelines of which all is drawn; those behind them are in less trouble.
_FULL = 25


def draw(overview: Overview, *, false_alerts: float) -> str:
    """Return the report as a whole HTML document.

    Args:
        overview: What it tells.
        false_alerts: How many false alerts a month are accepted of each table.
    """
    verdict, tone = _verdict(overview)
    styles = [(files("tocsin.report") / name).read_text(encoding="utf-8") for name in ("pieces.css", "style.css")]
    head = node(
        "head",
        node("meta", charset="utf-8"),
        node("meta", name="viewport", content="width=device-width, initial-scale=1"),
        node("meta", name="color-scheme", content="light dark"),
        # Should anything ever slip through, the browser refuses it too.
        node("meta", http_equiv="Content-Security-Policy", content="default-src 'none'; style-src 'unsafe-inline'"),
        node("meta", name="referrer", content="no-referrer"),
        node("title", f"{verdict} · Tocsin"),
        node("style", "".join(styles)),
    )
    header = node(
        "header",
        node("p", "Tocsin", class_="brand"),
        node("h1", node("span", SIGNS[tone], class_=CLASSES[tone]), f" {verdict}"),
        node("p", f"{minute(overview.since)} to {minute(overview.now)} UTC", class_="dim"),
        _figures(overview),
    )
    footer = node("footer", f"Made by Tocsin {tocsin.__version__}. All times are in UTC.")
    root = node(
        "html", head, node("body", signs(), header, node("main", *_content(overview, false_alerts)), footer), lang="en"
    )
    for element in root.iter():
        # Characters that hide or reorder text, and those that no file can hold.
        element.text, element.tail = clean(element.text or ""), clean(element.tail or "")
        element.attrib.update({name: clean(value) for name, value in element.attrib.items()})
    return document(root)


def _content(overview: Overview, false_alerts: float) -> Iterator[Element]:
    pipelines = overview.pipelines[:_PIPELINES]
    anchors = {(facts.pipeline, facts.environment): f"p{number}" for number, facts in enumerate(pipelines, 1)}
    if overview.open_alerts:
        yield node("h2", "Needs attention")
        for alert in overview.open_alerts[:_ALERTS]:
            yield card(alert, overview.now, link=anchors.get((alert.subject, alert.environment)))
        yield from more(len(overview.open_alerts) - _ALERTS, "problems")
    yield node("h2", "Pipelines")
    if not pipelines:
        yield node("p", "No run has been seen yet. Run a dlt pipeline: it is watched without a line of code.")
    for place, facts in enumerate(pipelines):
        yield draw_pipeline(
            facts,
            anchor=anchors[facts.pipeline, facts.environment],
            now=overview.now,
            charts=Charts(since=overview.since, full=place < _FULL, false_alerts=false_alerts),
            opened=len(pipelines) == 1 or (place < _OPENED and bool(facts.open_alerts)),
        )
    yield from more(len(overview.pipelines) - _PIPELINES, "pipelines")


def _figures(overview: Overview) -> Element:
    ended = [run for facts in overview.pipelines for run in facts.runs if run.ended_at is not None]
    good = sum(run.outcome.ok for run in ended)
    missed = sum(len(facts.missed) for facts in overview.pipelines)
    over = sum(not alert.open for facts in overview.pipelines for alert in facts.alerts)
    figures = (
        (f"{len(overview.pipelines):,}", "pipelines", ""),
        (f"{len(ended):,}", "runs looked at", ""),
        (f"{100 * good / len(ended):.1f} %" if ended else "—", "of them went well", ""),
        (f"{len(overview.open_alerts):,}", "open problems", "bad" if overview.open_alerts else ""),
        (f"{over:,}", "problems that are over", ""),
        (f"{missed:,}", "runs that did not come", "bad" if missed else ""),
    )
    shown = (node("li", node("b", number, class_=look), node("span", name)) for number, name, look in figures)
    return node("ul", *shown, class_="figures")


def _verdict(overview: Overview) -> tuple[str, Tone]:
    """Return whether all is well, in one sentence."""
    alerts, of = overview.open_alerts, count(len(overview.pipelines), "pipeline")
    if alerts:
        return f"{count(len(alerts), 'problem')} in {of}", _worst(alerts)
    if not overview.pipelines:
        return "No run has been seen yet", Tone.INFO
    return f"No problem in {of}", Tone.GOOD


def _worst(alerts: list[Alert]) -> Tone:
    return min((tone_of_alert(alert) for alert in alerts), key=tuple(Tone).index)
