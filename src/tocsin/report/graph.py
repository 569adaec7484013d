"""A pipeline between those that it waits for and those that wait for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from tocsin.channels.formats.element import node
from tocsin.channels.formats.literal import SIGNS, one_line
from tocsin.core.message import Tone
from tocsin.report.pieces import CLASSES

#: Pixels: a box, and what lies between two of them.
_WIDTH, _HEIGHT, _GAP, _BETWEEN = 196, 48, 48, 12
#: The longest name that fits into a box, and the longest state.
_NAME, _STATE = 25, 28


@dataclass(frozen=True, kw_only=True)
class Box:
    """A pipeline, or how many more there are."""

    name: str
    #: How it is, in a few words; empty for nothing to say.
    state: str = ""
    tone: Tone = Tone.INFO
    #: Where more is told; empty for the one in the middle.
    url: str = ""
    #: How many steps off it is: upstream below zero.
    step: int = 0


def draw_graph(boxes: Sequence[Box], edges: Iterable[tuple[str, str, bool]]) -> Element:
    """Return the drawing.

    Args:
        boxes: In the order in which they stand below each other.
        edges: Names of upstream and downstream, and whether that was learned and nobody wrote it down. Those of which
            one is no box are left out.
    """
    steps = sorted({box.step for box in boxes})
    columns = {step: [box for box in boxes if box.step == step] for step in steps}
    most = max(len(column) for column in columns.values())
    width = len(steps) * (_WIDTH + _GAP) - _GAP
    height = most * (_HEIGHT + _BETWEEN) - _BETWEEN
    places = {}
    for number, step in enumerate(steps):
        column = columns[step]
        top = (height - len(column) * (_HEIGHT + _BETWEEN) + _BETWEEN) / 2
        for row, box in enumerate(column):
            places[box.name] = (1 + number * (_WIDTH + _GAP), 1 + top + row * (_HEIGHT + _BETWEEN))
    lines = [
        _edge(places[above], places[below], learned=learned)
        for above, below, learned in edges
        if above in places and below in places
    ]
    drawn = [_box(box, *places[box.name]) for box in boxes]
    size = {"viewBox": f"0 0 {width + 2} {height + 2}", "width": str(width + 2), "height": str(height + 2)}
    label = "Upstream at the left, downstream at the right"
    return node("svg", *lines, *drawn, class_="graph", **size, role="group", aria_label=label)


def _edge(above: tuple[float, float], below: tuple[float, float], *, learned: bool) -> Element:
    (x, y), (to_x, to_y) = (above[0] + _WIDTH, above[1] + _HEIGHT / 2), (below[0], below[1] + _HEIGHT / 2)
    middle = (x + to_x) / 2
    path = f"M{x:g} {y:g}C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}"
    return node("path", d=path, class_="learned edge" if learned else "edge")


def _box(box: Box, x: float, y: float) -> Element:
    here = box.step == 0
    shape = {"x": f"{x:g}", "y": f"{y:g}", "width": str(_WIDTH), "height": str(_HEIGHT), "rx": "8"}
    name = node("text", _fitted(box.name, _NAME), x=f"{x + 12:g}", y=f"{y + (20 if box.state else 29):g}")
    state = f"{SIGNS[box.tone]} {_fitted(box.state, _STATE)}"
    below = [node("text", state, x=f"{x + 12:g}", y=f"{y + 38:g}", class_=f"of {CLASSES[box.tone]}")]
    title = node("title", f"{one_line(box.name)}: {one_line(box.state)}" if box.state else one_line(box.name))
    parts = (title, node("rect", **shape, class_="here box" if here else "box"), name, *(below if box.state else ()))
    return node("a", *parts, href=box.url) if box.url else node("g", *parts)


def _fitted(text: str, most: int) -> str:
    """Return the beginning of a text; the whole stands in the title of its box."""
    text = one_line(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"
