"""The order of the pipelines: what is configured, and where nobody wrote it down what their runs show."""

from __future__ import annotations

from collections.abc import Collection

from tocsin.core.dependency import Graph, with_learned
from tocsin.core.learned_order import ENOUGH, LONGEST_PAUSE, LearnedOrder, began_by_schedule, learn_order
from tocsin.core.run import Origin, Run
from tocsin.engine.engine import Engine
from tocsin.store.protocol import Transaction

#: Runs that may have ended right before one began. In a large fleet a true upstream is among the last of them.
_NEAR = 20
#: Attempts of the downstream that are looked at, and those of an upstream that may run more often.
_HISTORY, _UPSTREAM_HISTORY = 100, 400


def learn_upstreams(engine: Engine, tx: Transaction, run: Run) -> None:
    """Remember which pipelines this one begins after, as its runs show by now, and forget what they disprove.

    The cost does not grow with the fleet: only what ended right before each of its last starts is looked at.

    Args:
        engine: Where the configuration names the pipeline's upstreams, or says that there are none, that counts.
        tx: Where the runs are.
        run: A run that has ended, however.
    """
    if engine.config.pipeline(run.pipeline).after is not None or run.origin is not Origin.SCHEDULE or run.attempt > 1:
        return
    learned = _learn(tx, run)
    if learned != tuple(tx.learned_orders(run.environment, downstreams=[run.pipeline])):
        tx.save_learned_orders(run.pipeline, run.environment, learned)


def order_above(engine: Engine, tx: Transaction, pipelines: Collection[str], environment: str) -> Graph:
    """Return the order of these pipelines and all that they wait for, as configured and as learned."""
    found: list[LearnedOrder] = []
    near, seen = set(pipelines), set[str]()
    while near:
        seen |= near
        learned = _counting(engine, tx.learned_orders(environment, downstreams=near))
        found += learned
        configured = {upstream for name in near for upstream in engine.graph.upstreams.get(name, ())}
        near = (configured | {one.upstream for one in learned}) - seen
    return with_learned(engine.graph, found) if found else engine.graph


def order_below(engine: Engine, tx: Transaction, pipeline: str, environment: str) -> Graph:
    """Return the order of a pipeline and all that wait for it, as configured and as learned."""
    found: list[LearnedOrder] = []
    near, seen = {pipeline}, set[str]()
    while near:
        seen |= near
        learned = _counting(engine, tx.learned_orders(environment, upstreams=near))
        found += learned
        configured = {name for name, ups in engine.graph.upstreams.items() if near.intersection(ups)}
        near = (configured | {one.downstream for one in learned}) - seen
    return with_learned(engine.graph, found) if found else engine.graph


def _learn(tx: Transaction, run: Run) -> tuple[LearnedOrder, ...]:
    """Return what the runs prove. Most pipelines begin after nothing, which the first look at the store shows."""
    near = set(tx.ended_before(run.started_at, run.environment, within=LONGEST_PAUSE, limit=_NEAR)) - {run.pipeline}
    if not near:
        return ()
    attempts = tx.starts(run.pipeline, run.environment, limit=_HISTORY)
    begun = began_by_schedule(attempts)[-ENOUGH:]
    if len(begun) < ENOUGH:
        return ()
    for moment in reversed(begun):
        near &= set(tx.ended_before(moment, run.environment, within=LONGEST_PAUSE, limit=_NEAR))
        if not near:
            return ()
    others = {name: tx.starts(name, run.environment, limit=_UPSTREAM_HISTORY) for name in near}
    return learn_order(run.pipeline, attempts, others)


def _counting(engine: Engine, learned: Collection[LearnedOrder]) -> list[LearnedOrder]:
    """Return what counts: where the configuration speaks of the upstreams of a pipeline, nothing is learned."""
    return [one for one in learned if engine.config.pipeline(one.downstream).after is None]
