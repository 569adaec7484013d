"""Pieces that the page is made of in several places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from xml.etree.ElementTree import Element

from tocsin.channels.formats.element import Content, node
from tocsin.channels.formats.literal import SIGNS, cut, one_line
from tocsin.core.alert import Alert, State
from tocsin.core.message import Tone
from tocsin.core.phrases import ago, minute, problem, subject, tone_of_alert

#: The colour of each tone; its sign and its words say the same.
CLASSES = {
    Tone.CRITICAL: "bad",
    Tone.ERROR: "bad",
    Tone.WARNING: "warning",
    Tone.INFO: "info",
    Tone.GOOD: "good",
    Tone.ACKNOWLEDGED: "info",
}
#: Characters of texts from outside: an exception can be as long as it likes.
_TEXT = 600
#: Columns of texts from outside, which can be long and are broken.
_WIDE = frozenset({"Why", "Table", "Change", "Of", "Check", "Question", "Answer", "Problem"})


def text(words: str) -> str:
    """Return a text from outside in one line, and not longer than a card takes."""
    return cut(one_line(words), _TEXT)


def signed(words: str, tone: Tone) -> Element:
    """Return words in the colour of a tone, after its sign."""
    return node("span", f"{SIGNS[tone]} {words}", class_=CLASSES[tone])


def part(title: str, *content: Content) -> Element:
    """Return a part of a pipeline with its title."""
    return node("section", node("h3", title), *content)


def table(names: Sequence[str], rows: Sequence[Sequence[Content]], *, right: frozenset[str] = frozenset()) -> Element:
    """Return a table; on a phone each of its cells says itself what it is.

    Args:
        names: Its columns.
        rows: Its cells.
        right: The columns of numbers.
    """
    kind = {name: "right" if name in right else "" for name in names}
    head = node("tr", *(node("th", name, class_=kind[name], scope="col") for name in names))
    lines = [
        node("tr", *(_cell(name, cell, kind[name]) for name, cell in zip(names, row, strict=True))) for row in rows
    ]
    return node("table", node("thead", head), node("tbody", *lines))


def more(number: int, noun: str) -> list[Element]:
    """Return the line that counts what is left out, if anything is."""
    return [node("p", f"+{number:,} more {noun}", class_="more")] if number > 0 else []


def card(alert: Alert, now: datetime, *, link: str | None = None) -> Element:
    """Return an open alert: what it is about, since when, why, what to do, and who knows."""
    tone = tone_of_alert(alert)
    name: Content = node("a", text(subject(alert)), href=f"#{link}") if link else text(subject(alert))
    known = f", acknowledged by {alert.acknowledged_by}" if alert.state is State.ACKNOWLEDGED else ""
    since = f"Since {minute(alert.since)} UTC ({ago(alert.since, now)}){known}. Details: tocsin show {alert.id[:8]}"
    lines = [
        node("p", signed("", tone), name, f" {problem(alert)}", class_="title"),
        node("p", text(alert.summary)),
        *([node("p", text(alert.hint), class_="do")] if alert.hint else []),
        node("p", text(since), class_="small"),
    ]
    return node("div", *lines, class_=f"alert {CLASSES[tone]}")


def _cell(name: str, cell: Content, kind: str) -> Element:
    is_chart = isinstance(cell, Element) and cell.tag == "div"
    wide = "wide" if name in _WIDE else ""
    return node("td", cell, class_="chart" if is_chart else kind or wide, data_label=name)
