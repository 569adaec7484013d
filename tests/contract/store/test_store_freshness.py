"""Tables that have to get rows now and then, on every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tocsin.core.freshness import Freshness
from tocsin.store.protocol import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENTS = Freshness(
    pipeline="orders",
    environment="prod",
    table="events",
    within=HOUR,
    since=NOON,
    rows_at=NOON,
    empty_runs=2,
    due_at=NOON + HOUR,
)
ITEMS = replace(EVENTS, table="items", due_at=NOON)
STOCK = replace(EVENTS, pipeline="stock", rows_at=None, due_at=None)


def test_tables_are_known_by_environment_and_pipeline(store: Store) -> None:
    """One pipeline, or all, and never those of another environment; the same table again replaces what is known."""
    elsewhere = replace(EVENTS, environment="dev")
    with store.writing() as tx:
        tx.save_freshness([EVENTS, ITEMS, STOCK, elsewhere])
        tx.save_freshness([replace(ITEMS, empty_runs=3)])
        tx.save_freshness([])
    with store.reading() as tx:
        assert sorted(tx.freshness("prod", pipeline="orders"), key=lambda one: one.table) == [
            EVENTS,
            replace(ITEMS, empty_runs=3),
        ]
        assert len(tx.freshness("prod")) == 3
        assert tx.freshness("dev") == [elsewhere]


def test_what_is_due_comes_longest_due_first(store: Store) -> None:
    """A table is due at its time and not before; one that was found stale is due no more."""
    with store.writing() as tx:
        tx.save_freshness([EVENTS, ITEMS, STOCK])
    with store.reading() as tx:
        assert tx.due_freshness(NOON - HOUR, limit=9) == []
        assert tx.due_freshness(NOON, limit=9) == [ITEMS]
        assert tx.due_freshness(NOON + HOUR, limit=9) == [ITEMS, EVENTS]
        assert tx.due_freshness(NOON + HOUR, limit=1) == [ITEMS]
        assert [tx.due(when).tables for when in (NOON - HOUR, NOON)] == [False, True]


def test_a_table_that_nobody_asks_for_is_forgotten(store: Store) -> None:
    """Only the table that is named goes, and one that is not known may be named."""
    with store.writing() as tx:
        tx.save_freshness([EVENTS, ITEMS])
        tx.drop_freshness([EVENTS, STOCK])
    with store.reading() as tx:
        assert tx.freshness("prod") == [ITEMS]
