"""What a run's schemas tell that dlt does not: what is gone, and what has another type."""

from __future__ import annotations

from dataclasses import replace

from tocsin.core.run import Run
from tocsin.core.schema import compare, makes_again
from tocsin.store.protocol import Transaction


def take_schemas(tx: Transaction, run: Run) -> Run:
    """Compare the schemas of a run with those that are known, keep what is new, and return the run without them.

    What was found is among the run's `schema_changes`. A schema that did not change costs one look.
    """
    if not run.schemas:
        return run
    refreshed, changes = run.refreshed, run.schema_changes
    at = run.ended_at or run.started_at
    for after in run.schemas:
        before = tx.schema(run.pipeline, run.environment, after.name)
        # Reports can arrive in any order: an older schema than the one that is known tells nothing.
        if before is not None and before.seen_at is not None and before.seen_at > at:
            continue
        if before is None or before.version_hash != after.version_hash:
            tx.save_schema(run.pipeline, run.environment, replace(after, seen_at=at))
        if before is not None and not run.first_run:
            refreshed = refreshed or makes_again(before, changes)
            changes = () if refreshed else compare(before, after, changes)
    return replace(run, schemas=(), refreshed=refreshed, schema_changes=changes)
