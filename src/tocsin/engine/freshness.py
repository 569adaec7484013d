"""Tables that have to get rows now and then: runs fill them, and time alone makes them stale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tocsin.core.alert import Alert
from tocsin.core.finding import Topic, fingerprint
from tocsin.core.freshness import Freshness
from tocsin.core.limits import FreshLimit
from tocsin.core.rules.freshness import judge_fresh, judge_stale, limit_changed, nobody_asks
from tocsin.core.run import Run
from tocsin.core.series import Measure
from tocsin.engine.engine import Engine
from tocsin.engine.evaluate import advance_findings
from tocsin.store.protocol import Transaction

#: Tables that one transaction judges: few enough that other writers need not wait long.
_BATCH = 500


def settle_freshness(engine: Engine, tx: Transaction, run: Run) -> None:
    """Note which of the tables that have to be fresh a run has filled, and which it has left empty."""
    wanted = engine.config.pipeline(run.pipeline).limits.fresh
    if not wanted:
        return
    known = {one.table: one for one in tx.freshness(run.environment, pipeline=run.pipeline)}
    at = run.ended_at or run.started_at
    rows = {load.table: load.rows for load in run.tables}
    changed, findings = [], []
    for table, limit in wanted.items():
        before = known.get(table) or _new(tx, run.pipeline, run.environment, table, limit, at)
        if rows.get(table):
            after = before.filled(at)
            findings += [judge_fresh(after, rows[table], run.id)] if before.stale and not after.stale else []
        elif run.outcome.ok and (before.rows_at is None or at > before.rows_at):
            after = before.left_empty()
            # What a message says of the runs since then stays true.
            findings += [judge_stale(after, at, delivery=_delivery(tx, after))] if before.stale else []
        else:
            after = before
        if after != known.get(table):
            changed.append(after)
    tx.save_freshness(changed)
    advance_findings(engine, tx, findings, run)


def look_at_freshness(engine: Engine) -> int:
    """Find the tables that have become stale since the last look, and return how many these are.

    The cost follows what is due: the times are an index.

    Raises:
        StoreError: The store cannot be read or written; what was not found is found the next time.
    """
    now = engine.clock()
    with engine.store.reading() as tx:
        differ = limits_differ(engine, tx)
    if differ:
        _take_limits(engine, now)
    stale = 0
    due: Sequence[Freshness] | None = None
    while due is None or len(due) == _BATCH:
        with engine.store.writing() as tx:
            due = tx.due_freshness(now, limit=_BATCH)
            advance_findings(engine, tx, [judge_stale(one, now, delivery=_delivery(tx, one)) for one in due])
            tx.save_freshness([one.told() for one in due])
        stale += len(due)
    return stale


def limits_differ(engine: Engine, tx: Transaction) -> bool:
    """Return whether other limits are configured than those that were taken last."""
    taken = tx.recall(_taken(engine.config.environment))
    return taken != engine.fresh_limits_hash and (bool(engine.fresh_limits) or taken is not None)


def _take_limits(engine: Engine, now: datetime) -> None:
    """Bring what is asked of tables in line with the configuration."""
    environment = engine.config.environment
    limits = engine.fresh_limits
    with engine.store.writing() as tx:
        known = {(one.pipeline, one.table): one for one in tx.freshness(environment)}
        changed = []
        ended = [nobody_asks(one, now) for key, one in known.items() if one.stale and key not in limits]
        for (pipeline, table), limit in limits.items():
            before = known.pop((pipeline, table), None)
            if before is None:
                changed.append(_new(tx, pipeline, environment, table, limit, now))
            elif before.within != limit.within:
                changed.append(after := before.asked(limit.within))
                ended += [limit_changed(after, now)] if before.stale and not after.stale_by(now) else []
        tx.save_freshness(changed)
        tx.drop_freshness(known.values())
        advance_findings(engine, tx, ended)
        tx.remember(_taken(environment), engine.fresh_limits_hash)


def _taken(environment: str) -> str:
    """Return under which name the store keeps what is asked of the tables of an environment."""
    return f"freshness of {environment}"


def _new(tx: Transaction, pipeline: str, environment: str, table: str, limit: FreshLimit, now: datetime) -> Freshness:
    """Return what is known of a table that nobody asked for until now: its runs may be known for long."""
    series = tx.series(pipeline, environment).get((Measure.ROWS, table))
    filled = [point.at for point in series.points if point.value] if series is not None else []
    new = Freshness(
        pipeline=pipeline,
        environment=environment,
        table=table,
        within=limit.within,
        since=now,
        rows_at=max(filled, default=None),
    )
    return new.asked(limit.within)


def _delivery(tx: Transaction, one: Freshness) -> Alert | None:
    return tx.open_alert(fingerprint(Topic.DELIVERY, one.environment, one.pipeline))
