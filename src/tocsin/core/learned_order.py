"""The order of pipelines where nobody wrote it down, learned from when their runs began and ended.

That one pipeline always begins after another proves nothing: two lines of cron do that. What cron cannot do is follow.
An upstream does not always take the same time, and a downstream that begins right after its end moves with that end.
So an order is learned only where the upstream's duration varies and the pause after it does not. Where the upstream
always takes the same time, order and coincidence look alike and nothing is learned.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.core.run import Run

#: Runs of the downstream that have to agree, every one of them.
_ENOUGH = 8
#: The newest runs of a pipeline that are looked at.
_NEWEST = 30
#: A downstream begins so soon after its upstream has ended.
_LONGEST_PAUSE = timedelta(minutes=10)
#: How much less the pause varies than the upstream's duration, and how much that has to vary.
_TIGHT = 0.2
_LEAST_VARIATION = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True)
class LearnedOrder:
    """That one pipeline begins when another has ended."""

    upstream: str
    downstream: str
    #: Runs of the downstream it was learned from.
    runs: int

    @property
    def source(self) -> str:
        """Where the order comes from, for people."""
        return f"learned from {self.runs} runs"


def learn_order(history: Mapping[str, Sequence[Run]]) -> tuple[LearnedOrder, ...]:
    """Return which pipeline begins right after which other one, as far as the runs prove it.

    Every one of the newest runs of the downstream has to have begun right after a run of the upstream that went well,
    and each after another one.

    Args:
        history: The runs of each pipeline of one environment that began by schedule, in any order: runs that somebody
            started by hand, backfills and repeated attempts follow nothing.
    """
    return tuple(sorted(_learned(history), key=lambda learned: (learned.downstream, learned.upstream)))


def _learned(history: Mapping[str, Sequence[Run]]) -> Iterator[LearnedOrder]:
    ended = {
        name: sorted((run for run in runs if run.ended_at is not None), key=_end) for name, runs in history.items()
    }
    ends, names = [], []
    for end, name in sorted((_end(run), name) for name, runs in ended.items() for run in runs):
        ends.append(end)
        names.append(name)
    for downstream, runs in history.items():
        begun = sorted(runs, key=lambda run: run.started_at)[-_NEWEST:]
        if len(begun) < _ENOUGH:
            continue
        # Only what ended right before the newest run can have ended right before each of them.
        last = begun[-1].started_at
        near = slice(bisect.bisect_left(ends, last - _LONGEST_PAUSE), bisect.bisect_right(ends, last))
        for upstream in {*names[near]} - {downstream}:
            pairs = _pairs(ended[upstream], begun)
            if pairs is not None and _follows(pairs):
                yield LearnedOrder(upstream=upstream, downstream=downstream, runs=len(pairs))


def _pairs(ended: Sequence[Run], begun: Sequence[Run]) -> list[tuple[float, float]] | None:
    """Return the duration of the upstream and the pause after it, in seconds, for each run of the downstream."""
    ends = [_end(run) for run in ended]
    pairs: dict[str, tuple[float, float]] = {}
    for run in begun:
        position = bisect.bisect_right(ends, run.started_at) - 1
        if position < 0:
            return None
        before, pause = ended[position], run.started_at - ends[position]
        if before.id in pairs or not before.outcome.ok or pause > _LONGEST_PAUSE:
            return None
        pairs[before.id] = ((ends[position] - before.started_at).total_seconds(), pause.total_seconds())
    return list(pairs.values())


def _follows(pairs: Sequence[tuple[float, float]]) -> bool:
    durations, pauses = zip(*pairs, strict=True)
    variation = _variation(durations)
    return variation >= _LEAST_VARIATION.total_seconds() and _variation(pauses) <= _TIGHT * variation


def _variation(values: Sequence[float]) -> float:
    """Return the range of the values without the tenth at either end."""
    cut = len(values) // 10
    inside = sorted(values)[cut : len(values) - cut]
    return inside[-1] - inside[0]


def _end(run: Run) -> datetime:
    return run.ended_at or run.started_at
