"""How far a value is from what would be told, as a bar: the allowed range, and a mark where the value is."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from tocsin.channels.formats.element import node

_WIDTH, _HEIGHT, _MARK = 140, 12, 4
#: There is some room beyond the highest of bounds and value.
_ROOM = 1.2


def headroom(value: float, *, low: float | None = None, high: float | None = None) -> str:
    """Return how far a value is from the nearest bound: "38 % left", "outside"; empty without a bound to measure by."""
    if (low is not None and value < low) or (high is not None and value > high):
        return "outside"
    parts = [(high - value) / high] if high else []
    parts += [(value - low) / value] if low and value else []
    return f"{100 * min(parts):.0f} % left" if parts else ""


def draw_headroom(value: float, said: str, *, low: float | None = None, high: float | None = None) -> Element:
    """Return the bar.

    Args:
        value: What there is, not below 0.
        said: The same in words, for who does not see it.
        low: The least that is allowed; None for no such bound.
        high: The most that is allowed.
    """
    top = max(value, low or 0, high or 0) * _ROOM or 1
    outside = headroom(value, low=low, high=high) == "outside"
    begin, end = (low or 0) / top * _WIDTH, (high if high is not None else top) / top * _WIDTH
    place = min(value / top * _WIDTH, _WIDTH - _MARK)
    return node(
        "svg",
        node("rect", class_="lane", x="0", y="3", width=str(_WIDTH), height="6"),
        node("rect", class_="band", x=f"{begin:.1f}", y="3", width=f"{max(end - begin, 1):.1f}", height="6"),
        node(
            "rect",
            class_="bad-mark" if outside else "good-mark",
            x=f"{max(place - _MARK / 2, 0):.1f}",
            y="0",
            width=str(_MARK),
            height=str(_HEIGHT),
        ),
        class_="headroom",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
        aria_label=said,
    )
