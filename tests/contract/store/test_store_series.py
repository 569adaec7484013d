"""What every store promises about what runs have brought."""

from __future__ import annotations

from dataclasses import replace

from made import at
from tocsin.core.series import LeftOut, Measure, Point, Series
from tocsin.store.protocol import Store

_ROWS = Series(
    pipeline="orders",
    environment="default",
    measure=Measure.ROWS,
    item="items",
    points=(
        Point(at(0), 1000, "run1", LeftOut.FIRST_LOAD),
        Point(at(60.123456), 12.5, "run\ud8002\0", None),
    ),
    level_since=at(60),
)


def test_series_come_back_as_they_were(store: Store) -> None:
    """To the microsecond, with what is left out and why, and found by what they measure."""
    seconds = replace(_ROWS, measure=Measure.SECONDS, item="", points=(), level_since=None)
    with store.writing() as tx:
        tx.save_series([_ROWS, seconds])
        tx.save_series([])

    with store.reading() as tx:
        assert dict(tx.series("orders", "default")) == {
            (Measure.ROWS, "items"): _ROWS,
            (Measure.SECONDS, ""): seconds,
        }


def test_a_series_is_replaced_and_no_other_is_touched(store: Store) -> None:
    """Those of another table, pipeline or environment stay as they are."""
    others = [
        replace(_ROWS, item="events"),
        replace(_ROWS, pipeline="stock"),
        replace(_ROWS, environment="prod"),
    ]
    longer = _ROWS.add(Point(at(120), 7, "run3"))
    with store.writing() as tx:
        tx.save_series([_ROWS, *others])
    with store.writing() as tx:
        tx.save_series([longer])

    with store.reading() as tx:
        assert dict(tx.series("orders", "default")) == {longer.key: longer, others[0].key: others[0]}
        assert dict(tx.series("stock", "default")) == {_ROWS.key: others[1]}
        assert dict(tx.series("orders", "prod")) == {_ROWS.key: others[2]}
        assert dict(tx.series("prices", "default")) == {}
