"""What alerts about schemas, freshness and duplicates say, as it was looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from made import at, finding, good_run, run
from tocsin.channels.formats.text import text
from tocsin.core.alert import advance, resolve
from tocsin.core.compose import Surroundings, compose
from tocsin.core.finding import Finding
from tocsin.core.freshness import Freshness
from tocsin.core.message import Message
from tocsin.core.notify import Reason
from tocsin.core.rules.blocked import say_blocked
from tocsin.core.rules.data import Facts
from tocsin.core.rules.duplicate import judge_duplicate
from tocsin.core.rules.freshness import judge_fresh, judge_stale
from tocsin.core.rules.schema import judge_schema
from tocsin.core.run import Run, TableLoad
from tocsin.core.schema import ColumnChange, SchemaChange

_RUN = good_run("3f2a9c1d77", ended=64, tables=(TableLoad(table="orders", rows=52_318),), load_ids=("1763899200.5",))
_EARLIER = replace(_RUN, id="11c8a0b1ff", logical_id="11c8a0b1ff", started_at=at(0))
_VARIANT = ColumnChange(name="price__v_text", data_type="text", variant_of="price")
_DISCOUNT = ColumnChange(name="discount", data_type="double")
_STALE = Freshness(
    pipeline="orders", environment="default", table="events", within=timedelta(hours=26), since=at(0), rows_at=at(0)
)
_NOW = at(27 * 60)


def changed(*changes: SchemaChange) -> Message:
    """Return what is said of a run that has changed a table."""
    made = replace(_RUN, schema_changes=changes)
    return said(judge_schema(Facts(run=made, now=at(64), open_alerts={})), made)


def said(findings: Iterable[Finding], made: Run | None = None, reason: Reason = Reason.NEW) -> Message:
    """Return what is said of the only finding."""
    [found] = findings
    alert, _ = advance(None, found, new_id="alert1")
    assert alert is not None
    return compose(alert, reason, Surroundings(run=made, owner="data-team"))


def fresh_again() -> Message:
    """Return what is said when rows have come."""
    alert, _ = advance(None, judge_stale(_STALE, _NOW, delivery=None), new_id="alert1")
    assert alert is not None
    over = judge_fresh(_STALE.filled(at(28 * 60)), 1204, _RUN.id)
    ended, _ = resolve(alert, resolution=over.summary, now=over.at)
    return compose(ended, Reason.RECOVERED, Surroundings(run=_RUN))


SCENES: dict[str, Message] = {
    "schema_added": changed(SchemaChange(table="orders", resource="orders_api", columns=(_DISCOUNT,))),
    "schema_new_table": changed(
        SchemaChange(table="items", resource="orders_api", columns=(_DISCOUNT,), new_table=True)
    ),
    "schema_variant": changed(SchemaChange(table="orders", resource="orders_api", columns=(_DISCOUNT, _VARIANT))),
    "schema_removed": changed(SchemaChange(table="items", removed=True)),
    "stale": said([judge_stale(replace(_STALE, empty_runs=3), _NOW, delivery=None)]),
    "stale_without_runs": said([judge_stale(replace(_STALE, rows_at=None), _NOW, delivery=None)]),
    "fresh_again": fresh_again(),
    "duplicate": said(judge_duplicate(Facts(run=_RUN, now=at(64), open_alerts={}, before=_EARLIER)), _RUN),
    "blocked": said(
        [
            say_blocked(
                finding(),
                run(ended=90, pending_packages=("1763899200.5",)),
                [run("r1", pending_packages=("1763899200.5",))],
            )
        ],
        run(ended=90, pending_packages=("1763899200.5",)),
    ),
}


@pytest.mark.parametrize("name", SCENES)
def test_what_an_alert_about_data_says(name: str, same_as_golden: Callable[[str, str], None]) -> None:
    """What has changed, which run brought it, and what to do."""
    same_as_golden(f"alerts/{name}.txt", text(SCENES[name]))
