"""Who is upstream of whom: which trouble is only another's shadow, and what a trouble holds up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tocsin.core.learned_order import LearnedOrder
from tocsin.core.words import listing

#: Downstream pipelines that a message names, and learned orders that it explains.
_NAMED, _EXPLAINED = 5, 2


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The order of the pipelines of one environment, without circles. `order` and `with_learned` make one."""

    #: The direct upstreams of each pipeline that has any.
    upstreams: Mapping[str, tuple[str, ...]]
    #: What is wrong with the order that was asked for, and what to write instead.
    problems: tuple[str, ...] = ()
    #: What of it nobody wrote down, by downstream and upstream.
    learned: Mapping[tuple[str, str], LearnedOrder] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How an upstream does, as a slot of one of its downstreams sees it."""

    #: A delivery alert of it is open: it failed, is late, stuck, not started.
    troubled: bool = False
    #: It runs, or a slot of it is due that no run has served: it is expected to deliver and has not.
    expected: bool = False
    #: When it first was well after the downstream's slot was due: a run that went well ended, or its alert was
    #: closed by hand. The first time counts: an upstream with many runs a day would postpone its downstreams for ever.
    well_at: datetime | None = None

    @property
    def holds(self) -> bool:
        """Whether the downstream has to wait. What goes wrong after the upstream did its part is no excuse."""
        return self.well_at is None and (self.troubled or self.expected)


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Why a pipeline could not start when it was due."""

    upstream: str
    #: Since when it can start; None while it cannot.
    released_at: datetime | None = None
    #: Why it is taken for an upstream, where nobody wrote that down.
    learned: LearnedOrder | None = None


def order(after: Mapping[str, tuple[str, ...]]) -> Graph:
    """Return the graph of what `after = […]` says.

    The order within a circle means nothing, so none of its pipelines waits for another: each is told about by
    itself. Names that nobody knows are harmless.

    Args:
        after: The direct upstreams by the name of their downstream.
    """
    reach = {name: frozenset(_reachable(name, after)) for name in after}
    circles = {frozenset(other for other in reach[name] if name in reach.get(other, ())) for name in after}
    circles.discard(frozenset())
    kept = {
        name: tuple(dict.fromkeys(up for up in ups if not any({name, up} <= circle for circle in circles)))
        for name, ups in after.items()
    }
    return Graph(
        upstreams={name: ups for name, ups in kept.items() if ups},
        problems=tuple(sorted(_circle_text(sorted(circle)) for circle in circles)),
    )


def with_learned(graph: Graph, learned: Iterable[LearnedOrder]) -> Graph:
    """Return the graph with what was learned, as far as that closes no circle: what rests on more runs goes first."""
    upstreams = dict(graph.upstreams)
    kept = {}
    for one in sorted(learned, key=lambda one: (-one.runs, one.downstream, one.upstream)):
        if one.downstream not in {one.upstream, *_reachable(one.upstream, upstreams)}:
            upstreams[one.downstream] = (*upstreams.get(one.downstream, ()), one.upstream)
            kept[one.downstream, one.upstream] = one
    return replace(graph, upstreams=upstreams, learned=kept)


def blame(pipeline: str, graph: Graph, standings: Mapping[str, Standing]) -> str | None:
    """Return the upstream at the root of the trouble, or None where no upstream is in trouble.

    What lies behind an upstream that nothing is expected of is not looked at: it does not hold anybody.
    """
    return next(_roots(pipeline, graph, standings, set()), None)


def hold(pipeline: str, graph: Graph, standings: Mapping[str, Standing]) -> Hold | None:
    """Return what holds a pipeline up, or held it up since its slot was due; None where nothing did.

    An upstream that is in time and still at work holds as well: a pipeline that begins after it cannot begin yet.

    Args:
        pipeline: The one whose slot is judged.
        graph: Who is upstream of whom.
        standings: Of its upstreams, near and far, as they are seen from that slot.
    """
    root = blame(pipeline, graph, standings)
    if root is not None:
        return Hold(upstream=root)
    released: dict[str, datetime] = {}
    for upstream in graph.upstreams.get(pipeline, ()):
        standing = standings.get(upstream, _UNKNOWN)
        if standing.holds:
            return Hold(upstream=upstream)
        if standing.well_at is not None:
            released[upstream] = standing.well_at
    if not released:
        return None
    last = max(released, key=lambda name: released[name])
    return Hold(upstream=last, released_at=released[last], learned=graph.learned.get((pipeline, last)))


def impact(pipeline: str, graph: Graph) -> tuple[str, ...]:
    """Return the pipelines that wait for this one, nearest first, each group by name."""
    found: dict[str, None] = {}
    near = {pipeline}
    while near:
        near = {name for name, ups in graph.upstreams.items() if near.intersection(ups)} - found.keys()
        found |= dict.fromkeys(sorted(near))
    return tuple(found)


def around(pipeline: str, graph: Graph, *, steps: int) -> Mapping[str, int]:
    """Return the pipelines near this one, nearest first, with how many steps off they are: upstream below zero.

    Args:
        pipeline: The one in the middle; it is 0 steps off.
        graph: Who is upstream of whom.
        steps: The most that are taken to each side.
    """
    found = {pipeline: 0}
    above, below = {pipeline}, {pipeline}
    for step in range(1, steps + 1):
        above = {up for name in above for up in graph.upstreams.get(name, ())} - found.keys()
        found |= dict.fromkeys(sorted(above), -step)
        below = {name for name, ups in graph.upstreams.items() if below.intersection(ups)} - found.keys()
        found |= dict.fromkeys(sorted(below), step)
    return found


def impact_text(downstreams: Sequence[str], learned: Iterable[LearnedOrder] = ()) -> str:
    """Return "blocks revenue, churn +3 more", or "" where nothing waits.

    Args:
        downstreams: What waits, nearest first.
        learned: Which of that nobody wrote down: people are told what it rests on.
    """
    if not downstreams:
        return ""
    reasons = [str(one) for one in learned if one.downstream in downstreams[:_NAMED]]
    return f"blocks {listing(downstreams, most=_NAMED)}" + (
        f" ({listing(reasons, most=_EXPLAINED)})" if reasons else ""
    )


def _roots(pipeline: str, graph: Graph, standings: Mapping[str, Standing], seen: set[str]) -> Iterator[str]:
    """Yield the upstreams in trouble, the furthest first."""
    for upstream in graph.upstreams.get(pipeline, ()):
        standing = standings.get(upstream, _UNKNOWN)
        if upstream in seen or not standing.holds:
            continue
        seen.add(upstream)
        yield from _roots(upstream, graph, standings, seen)
        if standing.troubled:
            yield upstream


def _reachable(pipeline: str, after: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield all upstreams, near and far; the pipeline itself only where it stands in a circle."""
    seen: set[str] = set()
    waiting = list(after.get(pipeline, ()))
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield name
            waiting.extend(after.get(name, ()))


def _circle_text(names: list[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is to run after itself; remove it from its `after`"
    return (
        f"{listing(names, most=len(names))} wait for each other, so none of them counts as upstream of the others; "
        "remove one of them from `after`"
    )


_UNKNOWN = Standing()
