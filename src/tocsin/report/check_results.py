"""The latest results of a check as a row of marks, and what came of the last one in words."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from tocsin.channels.formats.element import node
from tocsin.core.check import CheckResult, severity_of
from tocsin.core.check_words import failure_of, success_of
from tocsin.core.message import Tone
from tocsin.core.phrases import minute
from tocsin.core.severity import Severity

_WIDTH, _STEP, _HEIGHT = 8, 10, 24
_MARKS = {Tone.GOOD: ("good", ""), Tone.WARNING: ("warning", "triangle"), Tone.ERROR: ("bad", "cross")}


def tone_of_result(result: CheckResult) -> Tone:
    """Return how a result looks."""
    if result.error:
        return Tone.ERROR
    severity = severity_of(result)
    if severity is None:
        return Tone.GOOD
    return Tone.WARNING if severity.order <= Severity.WARNING.order else Tone.ERROR


def answer(result: CheckResult) -> str:
    """Return what came of a check, in a few words."""
    if result.error:
        return f"could not be run: {result.error}"
    return success_of(result) if severity_of(result) is None else failure_of(result)


def check_urgency(result: CheckResult) -> tuple[object, ...]:
    """Sort checks, those that fail first."""
    return tuple(Tone).index(tone_of_result(result)), result.check.name


def draw_results(results: Sequence[CheckResult]) -> Element:
    """Return a mark for each result.

    Args:
        results: Newest first.
    """
    width = len(results) * _STEP - (_STEP - _WIDTH)
    passed = sum(tone_of_result(result) is Tone.GOOD for result in results)
    drawn = [_draw(result, index * _STEP) for index, result in enumerate(reversed(results))]
    return node(
        "svg",
        *drawn,
        viewBox=f"0 0 {width} {_HEIGHT}",
        width=str(width),
        height=str(_HEIGHT),
        class_="results",
        role="img",
        aria_label=f"passed {passed} of the last {len(results)} times",
    )


def _draw(result: CheckResult, x: int) -> Element:
    look, sign = _MARKS[tone_of_result(result)]
    bar = node("rect", x=str(x), y="0", width=str(_WIDTH), height="12")
    below = [node("use", href=f"#sign-{sign}", x=str(x), y="15", width="8", height="8")] if sign else []
    return node("g", node("title", f"{minute(result.at)} UTC: {answer(result)}"), bar, *below, class_=f"{look}-mark")
