"""Runs as a strip of marks: how long each took is its height, how it ended its colour, its sign and its words."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from xml.etree.ElementTree import Element

from tocsin.channels.formats.element import node
from tocsin.core.attribution import Start
from tocsin.core.phrases import minute, outcome, took, why, words_of
from tocsin.core.run import Outcome, Run
from tocsin.core.slot import Slot, SlotState
from tocsin.core.words import count, duration

#: Pixels: the width of a mark and the gap after it, the height of the bars and of all.
_WIDTH, _STEP, _BARS, _HEIGHT = 8, 11, 28, 40
#: The lowest bar, and how round its corners are.
_LEAST, _CORNER = 5, 1.5

#: The look of each end. A sign below the bar says it without colour; a run that went well needs none.
_LOOKS = {
    Outcome.SUCCEEDED: ("good", ""),
    Outcome.NO_DATA: ("quiet", ""),
    Outcome.PENDING_ONLY: ("info", "dot"),
    Outcome.RUNNING: ("info", "dot"),
    Outcome.ABORTED: ("quiet", "dot"),
    Outcome.BLOCKED: ("quiet", "ring"),
    Outcome.INTERRUPTED: ("warning", "triangle"),
    Outcome.PARTIAL: ("bad", "triangle"),
    Outcome.FAILED: ("bad", "cross"),
    Outcome.EXITED: ("bad", "cross"),
    Outcome.DIED: ("bad", "cross"),
}
_SLOTS = {SlotState.MISSED: "missed", SlotState.UNKNOWN: "unknown"}
_SIGNS = {
    "cross": "M1 1l6 6M7 1l-6 6",
    "triangle": "M4 1l3.5 6.5h-7z",
    "dot": "M4 2.5a1.5 1.5 0 1 0 .01 0z",
    "ring": "M4 1.5a2.5 2.5 0 1 0 .01 0z",
}


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One run, or one that did not come."""

    at: datetime
    #: "good", "bad"…: how it looks.
    look: str
    #: The name of its sign; empty for none.
    sign: str
    #: How it ended, in one or two words.
    word: str
    #: All that is said of it.
    text: str
    #: None where nothing ran.
    seconds: float | None = None
    #: Where more is told; empty for nowhere.
    url: str = ""


def marks(
    runs: Sequence[Run], slots: Sequence[Slot], *, most: int, address: Callable[[Run], str] | None = None
) -> list[Mark]:
    """Return the newest runs and the slots that were missed, oldest first.

    Args:
        runs: In any order.
        slots: In any order, and with any end.
        most: How many.
        address: Where more is told of a run.
    """
    made = [_of_run(run, address(run) if address is not None else "") for run in runs]
    made += [_of_slot(slot) for slot in slots if slot.state in _SLOTS]
    return sorted(made, key=lambda mark: mark.at)[-most:]


def draw_strip(shown: Sequence[Mark], *, noun: str = "runs") -> Element:
    """Return the strip.

    Of marks that are links the newest is reached by the Tab key, and by the arrow keys from there the others.

    Args:
        shown: Oldest first.
        noun: What the marks are.
    """
    longest = max((mark.seconds or 0 for mark in shown), default=0)
    last = max((index for index, mark in enumerate(shown) if mark.url), default=None)
    drawn = [_draw(mark, index * _STEP, longest, tab=index == last) for index, mark in enumerate(shown)]
    what = {"role": "img"} if last is None else {"role": "group", "data_arrows": ""}
    sentence = _sentence([mark.word for mark in shown], noun)
    return node("svg", *drawn, class_="strip", **_size(len(shown)), **what, aria_label=sentence)


# Pages fetch themselves again and again, for each who looks, and few of their pipelines have run meanwhile.
@lru_cache(maxsize=2_000)
def draw_brief(starts: tuple[Start, ...]) -> Element:
    """Return the strip for one row of many: the bars of runs that went well are one shape, without words of their own.

    Were each of them a mark, a page of fifty strips would be four times as long, and as slow to draw and to refresh.
    Where there is less room than it needs the oldest are cut off.

    Args:
        starts: What is known of the newest runs, newest first.
    """
    shown = starts[::-1]
    seconds = [_seconds(start) for start in shown]
    longest = max(seconds, default=0)
    marked, bars = [], defaultdict(list)
    for index, (start, lasted) in enumerate(zip(shown, seconds, strict=True)):
        look, sign = _LOOKS[start.outcome]
        if sign:
            marked.append(_draw(_of_start(start), index * _STEP, longest, tab=False))
        else:
            bars[look].append(_outline(index * _STEP, _height(lasted, longest)))
    together = [node("path", d="".join(each), class_=f"{look}-mark bars") for look, each in bars.items()]
    what = {"class_": "brief strip", "preserveAspectRatio": "xMaxYMid slice", "role": "img"}
    words = _sentence([words_of(start.outcome) for start in shown])
    return node("svg", *together, *marked, **_size(len(shown)), **what, aria_label=words)


def key(shown: Sequence[Mark]) -> Element:
    """Return what the marks mean, of those that occur."""
    looks = {mark.word: mark for mark in shown}
    return node("ul", *(_key(mark) for _, mark in sorted(looks.items())), class_="key")


def signs() -> Element:
    """Return the signs, to stand once in the page."""
    symbols = [
        node(
            "symbol",
            node("path", d=path, fill="none", stroke="currentColor", stroke_width="1.8", stroke_linecap="round"),
            id=f"sign-{name}",
            viewBox="0 0 8 8",
        )
        for name, path in _SIGNS.items()
    ]
    return node("svg", *symbols, width="0", height="0", aria_hidden="true", class_="signs")


def look_of(ended: Outcome) -> tuple[str, str]:
    """Return the look and the sign of an end; the sign is empty for none."""
    return _LOOKS[ended]


def _of_run(run: Run, url: str) -> Mark:
    look, sign = _LOOKS[run.outcome]
    told = [
        f"{minute(run.started_at)} UTC",
        outcome(run),
        f"took {took(run)}" if run.duration else "",
        count(run.rows, "row") if run.rows else "",
        why(run) if not run.outcome.ok else "",
    ]
    return Mark(
        at=run.started_at,
        look=look,
        sign=sign,
        word=outcome(run),
        text=", ".join(part for part in told if part),
        seconds=run.duration.total_seconds() if run.duration else 0,
        url=url,
    )


def _of_start(start: Start) -> Mark:
    look, sign = _LOOKS[start.outcome]
    word = words_of(start.outcome)
    told = [f"{minute(start.started_at)} UTC", word]
    if start.ended_at is not None:
        told.append(f"took {duration(start.ended_at - start.started_at)}")
    text = ", ".join(told)
    return Mark(at=start.started_at, look=look, sign=sign, word=word, text=text, seconds=_seconds(start))


def _seconds(start: Start) -> float:
    return (start.ended_at - start.started_at).total_seconds() if start.ended_at is not None else 0


def _of_slot(slot: Slot) -> Mark:
    word = "missed" if slot.state is SlotState.MISSED else "nobody looked"
    text = f"{minute(slot.due_at)} UTC, due, and nothing began"
    return Mark(at=slot.due_at, look=_SLOTS[slot.state], sign="ring", word=word, text=text)


def _draw(mark: Mark, x: int, longest: float, *, tab: bool) -> Element:
    height = _BARS - 2 if mark.seconds is None else _height(mark.seconds, longest)
    bar = node("rect", x=str(x), y=f"{_BARS - height:g}", width=str(_WIDTH), height=f"{height:g}")
    sign = [node("use", href=f"#sign-{mark.sign}", x=str(x), y="31", width="8", height="8")] if mark.sign else []
    drawn = node("g", node("title", mark.text), bar, *sign, class_=f"{mark.look}-mark")
    if not mark.url:
        return drawn
    return node("a", drawn, href=mark.url, aria_label=mark.text, tabindex="0" if tab else "-1")


def _outline(x: int, height: float) -> str:
    """Return the path of a bar but for its border, which is as wide as the corners are round."""
    wide, high = _WIDTH - 2 * _CORNER, height - 2 * _CORNER
    return f"M{x + _CORNER} {_BARS - _CORNER}v-{high:g}h{wide:g}v{high:g}z"


def _size(number: int) -> dict[str, str]:
    width = max(number * _STEP - (_STEP - _WIDTH), 1)
    return {"viewBox": f"0 0 {width} {_HEIGHT}", "width": str(width), "height": str(_HEIGHT)}


def _height(seconds: float, longest: float) -> float:
    """Return the height of a bar: logarithmic, so that a run of seconds still shows beside one of hours."""
    share = math.log1p(max(seconds, 0)) / math.log1p(longest) if longest > 0 else 0
    return round(_LEAST + (_BARS - _LEAST) * share, 1)


def _key(mark: Mark) -> Element:
    shape = node("rect", x="0", y="1", width="8", height="8")
    if mark.sign:
        shape = node("use", href=f"#sign-{mark.sign}", x="0", y="1", width="8", height="8")
    sample = node("svg", shape, width="8", height="10", aria_hidden="true", class_=f"{mark.look}-mark")
    return node("li", sample, mark.word)


def _sentence(words: Sequence[str], noun: str = "runs") -> str:
    often = ", ".join(f"{number} {word}" for word, number in Counter(words).most_common())
    return f"The last {len(words)} {noun}: {often}" if words else "No run yet"
