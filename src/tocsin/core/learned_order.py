"""The order of pipelines where nobody wrote it down, learned from when their runs began and ended.

That one pipeline always begins after another proves nothing: two lines of cron do that. What cron cannot do is follow.
An upstream does not always take the same time, and a downstream that begins right after its end moves with that end.
So an order is learned only where the upstream's duration varies and the pause after it does not. Where the upstream
always takes the same time, order and coincidence look alike and nothing is learned.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.core.attribution import Start
from tocsin.core.run import Origin, Outcome
from tocsin.core.words import count

#: Runs of the downstream that have to agree, every one of them.
ENOUGH = 8
#: A downstream begins so soon after its upstream has ended.
LONGEST_PAUSE = timedelta(minutes=10)
#: The newest runs of a pipeline that have to agree where there are so many.
_NEWEST = 30
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

    def __str__(self) -> str:
        """Return "orders usually starts after customers, learned from 14 runs"."""
        return f"{self.downstream} usually starts after {self.upstream}, learned from {count(self.runs, 'run')}"


def learn_order(
    downstream: str, attempts: Sequence[Start], others: Mapping[str, Sequence[Start]]
) -> tuple[LearnedOrder, ...]:
    """Return which other pipelines this one begins right after, as far as its runs prove it.

    Every one of its newest runs has to have begun right after a run of the upstream that went well, and each after
    another one. And none of those that are known began while the last thing that the upstream had done was to fail.

    Args:
        downstream: The name of the pipeline.
        attempts: Its newest attempts, in any order.
        others: The attempts of pipelines that may be upstream of it, in any order.
    """
    begun = began_by_schedule(attempts)
    learned = []
    for upstream in sorted(others.keys() - {downstream}):
        ended = _by_end(others[upstream])
        pairs = _pairs(ended, begun[-_NEWEST:])
        if len(pairs) >= ENOUGH and _follows(pairs) and not _goes_on_without(ended, begun):
            learned.append(LearnedOrder(upstream=upstream, downstream=downstream, runs=len(pairs)))
    return tuple(learned)


def began_by_schedule(attempts: Sequence[Start]) -> list[datetime]:
    """Return when runs began, oldest first; by hand, as backfills and as further attempts they follow nothing."""
    first: dict[str, datetime] = {}
    for one in attempts:
        # What was blocked never began.
        if one.origin is Origin.SCHEDULE and one.outcome is not Outcome.BLOCKED:
            first[one.logical_id] = min(one.started_at, first.get(one.logical_id, one.started_at))
    return sorted(first.values())


def _by_end(attempts: Sequence[Start]) -> list[tuple[datetime, Start]]:
    ended = [(one.ended_at, one) for one in attempts if one.ended_at is not None]
    return sorted(ended, key=lambda pair: pair[0])


def _pairs(ended: Sequence[tuple[datetime, Start]], begun: Sequence[datetime]) -> list[tuple[float, float]]:
    """Return the duration of the upstream and the pause after it, in seconds, for each run; none if one has none."""
    pairs: dict[int, tuple[float, float]] = {}
    for moment in begun:
        place = _last_before(ended, moment)
        if place < 0 or place in pairs:
            return []
        end, upstream = ended[place]
        if not upstream.outcome.ok or moment - end > LONGEST_PAUSE:
            return []
        pairs[place] = ((end - upstream.started_at).total_seconds(), (moment - end).total_seconds())
    return list(pairs.values())


def _goes_on_without(ended: Sequence[tuple[datetime, Start]], begun: Sequence[datetime]) -> bool:
    """Whether a run began although the upstream had failed."""
    places = (_last_before(ended, moment) for moment in begun)
    return any(place >= 0 and ended[place][1].outcome.bad for place in places)


def _last_before(ended: Sequence[tuple[datetime, Start]], moment: datetime) -> int:
    """Return the place of what ended last by then, or -1."""
    return bisect.bisect_right(ended, moment, key=lambda pair: pair[0]) - 1


def _follows(pairs: Sequence[tuple[float, float]]) -> bool:
    durations, pauses = zip(*pairs, strict=True)
    variation = _variation(durations)
    return variation >= _LEAST_VARIATION.total_seconds() and _variation(pauses) <= _TIGHT * variation


def _variation(values: Sequence[float]) -> float:
    """Return the range of the values without the tenth at either end."""
    cut = len(values) // 10
    inside = sorted(values)[cut : len(values) - cut]
    return inside[-1] - inside[0]
