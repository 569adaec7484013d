"""Where the time of a run went: its steps, and what lies between them, on one shared axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

from tocsin.channels.formats.element import node
from tocsin.core.phrases import outcome
from tocsin.core.run import Outcome, Run, Stage, Step
from tocsin.core.words import duration

#: What lies between steps is named from this share of the run on; less is seen as a gap, and needs no words.
_GAP = 0.03
#: Per cent of the width that a bar has at least.
_LEAST = 0.4
#: Steps that are drawn. A run has about three.
_STEPS = 40


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One stretch of time."""

    #: "extract", or between which steps it lies.
    name: str
    #: None for what is no step of dlt's.
    stage: Stage | None
    begins: datetime
    ends: datetime
    #: "good", "bad", "info" or "quiet".
    look: str
    #: How it ended, in a word; empty for what lies between steps.
    word: str

    @property
    def length(self) -> timedelta:
        """How long it took, or has taken."""
        return self.ends - self.begins

    @property
    def broken(self) -> bool:
        """Whether it ended in a failure."""
        return self.look == "bad"


@dataclass(frozen=True, kw_only=True)
class Waterfall:
    """The lanes of a run from its beginning to its end, or up to now."""

    begins: datetime
    ends: datetime
    lanes: Sequence[Lane]
    #: Steps that are left out.
    more: int = 0

    @property
    def length(self) -> timedelta:
        """The length of the axis."""
        return self.ends - self.begins


def waterfall(run: Run, now: datetime) -> Waterfall:
    """Return where the time of a run went. One without steps is one long step.

    Args:
        run: The run; its steps may be told by a clock that is a little off.
        now: Up to where a run is drawn that goes on.
    """
    end = run.ended_at or max(now, run.started_at)
    steps = sorted(run.steps, key=lambda step: step.started_at)
    shown = [_step(run, step, end) for step in steps[:_STEPS]] or [_whole(run, end)]
    begins = min(run.started_at, shown[0].begins)
    ends = max(end, *(lane.ends for lane in shown))
    lanes = list(_with_gaps(shown, begins, ends, run))
    return Waterfall(begins=begins, ends=ends, lanes=lanes, more=max(len(steps) - _STEPS, 0))


def draw_lane(lane: Lane, over: Waterfall, *, number: int) -> Element:
    """Return the bar of a lane on the axis of its run. What failed is hatched, so that it is seen without colour.

    Args:
        lane: What to draw.
        over: Whose axis it has.
        number: Which of the drawings of the page it is.
    """
    from_start, to_end = lane.begins - over.begins, lane.ends - over.begins
    x = _share(from_start, over)
    width = max(_share(lane.length, over), _LEAST)
    place = {"x": f"{min(x, 100 - width):.2f}%", "width": f"{width:.2f}%"}
    bar = {**place, "y": "3", "height": "12"} if lane.stage is not None else {**place, "y": "8", "height": "2"}
    hatched = (_hatch(number), node("rect", fill=f"url(#hatch-{number})", **bar)) if lane.broken else ()
    return node(
        "svg",
        node("rect", x="0", y="3", width="100%", height="12", class_="lane"),
        node("rect", class_=f"{lane.look}-mark", **bar),
        *hatched,
        class_="span",
        role="img",
        aria_label=f"{lane.name} from {duration(from_start)} to {duration(to_end)} of {duration(over.length)}",
    )


def _step(run: Run, step: Step, end: datetime) -> Lane:
    if not step.ok:
        look, word = "bad", "failed"
    elif step.ended_at is not None:
        look, word = "good", "done"
    elif run.outcome is Outcome.RUNNING:
        look, word = "info", "running"
    else:
        look, word = "bad", "did not end"
    begins = step.started_at
    return Lane(
        name=step.stage.value,
        stage=step.stage,
        begins=begins,
        ends=max(step.ended_at or end, begins),
        look=look,
        word=word,
    )


def _whole(run: Run, end: datetime) -> Lane:
    look = "info" if run.outcome is Outcome.RUNNING else "bad" if run.outcome.bad else "good"
    return Lane(
        name=run.stage.value,
        stage=run.stage,
        begins=run.started_at,
        ends=max(end, run.started_at),
        look=look,
        word=outcome(run),
    )


def _with_gaps(steps: Sequence[Lane], begins: datetime, ends: datetime, run: Run) -> Iterator[Lane]:
    """Yield the steps, and before, between and after them the time in which none of them ran."""
    least = (ends - begins) * _GAP
    reached, last = begins, ""
    for step in steps:
        if step.begins - reached > least:
            name = f"between {last} and {step.name}" if last else f"before {step.name}"
            yield Lane(name=name, stage=None, begins=reached, ends=step.begins, look="quiet", word="")
        yield step
        reached, last = max(reached, step.ends), step.name
    if ends - reached > least:
        word = "running" if run.outcome is Outcome.RUNNING else ""
        yield Lane(name=f"after {last}", stage=None, begins=reached, ends=ends, look="quiet", word=word)


def _share(length: timedelta, over: Waterfall) -> float:
    return 100 * (length / over.length) if over.length else 100.0


def _hatch(number: int) -> Element:
    line = node("rect", width="2.5", height="7", class_="hatch")
    return node(
        "defs",
        node(
            "pattern",
            line,
            id=f"hatch-{number}",
            width="7",
            height="7",
            patternUnits="userSpaceOnUse",
            patternTransform="rotate(45)",
        ),
    )
