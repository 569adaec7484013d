"""Changes of tables through the engine: told once, with what is known of the runs before."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import pytest

from desk import Desk, channel
from made import good_run
from stores import NewStore
from tocsin.config.model import PipelineConfig
from tocsin.core.alert import State
from tocsin.core.notify import Reason
from tocsin.core.run import Run
from tocsin.core.schema import ColumnChange, SchemaChange, SchemaVersion
from tocsin.core.severity import Severity

Tables: TypeAlias = dict[str, dict[str, str]]
BOTH = {"orders": {"id": "bigint", "old": "text"}, "items": {"id": "bigint"}}
ONE = {"orders": {"id": "bigint"}}
NEW_COLUMN = SchemaChange(table="orders", columns=(ColumnChange(name="discount", data_type="double"),))


@pytest.fixture
def desk(tmp_path: Path, new_store: NewStore) -> Desk:
    """Give an engine with one channel."""
    return Desk(tmp_path, new_store(), "ops")


def loaded(name: str, *, at: float, version: str = "1", tables: Tables = BOTH, **more: Any) -> Run:
    """Return a run that went well, with the schema that it loaded with."""
    schema = SchemaVersion(name="shop", version_hash=version, tables=tables)
    return good_run(name, ended=at, schemas=(schema,), **more)


def test_removals_are_found_between_runs_and_told_once(desk: Desk) -> None:
    """A column and a table that are gone are two messages; nothing repeats them, and their end is no message."""
    desk.report(loaded("r1", at=5))
    assert desk.heard("ops") == []
    desk.report(loaded("r2", at=65, version="2", tables=ONE))
    assert sorted(desk.heard("ops")) == ["orders.items: table removed", "orders.orders: column old removed"]
    for _ in range(12):
        desk.tick(minutes=60)
    desk.report(loaded("r3", at=900, version="2", tables=ONE))
    assert len(desk.heard("ops")) == 2
    assert desk.open_or_last().state is State.RESOLVED
    assert {one.reason for one in desk.decided("ops")} == {Reason.NEW, Reason.PASSED}


def test_the_run_keeps_what_was_found_and_not_its_schema(desk: Desk) -> None:
    """`tocsin show` tells of removals too, and a run does not carry the description of all tables."""
    desk.report(loaded("r1", at=5), loaded("r2", at=65, version="2", tables=ONE))
    with desk.store.reading() as tx:
        kept = tx.run("r2")
        schema = tx.schema("orders", "default", "shop")
    assert kept is not None
    assert schema is not None
    assert [change.table for change in kept.schema_changes] == ["items", "orders"]
    assert (kept.schemas, schema.version_hash) == ((), "2")


def test_first_loads_and_refreshes_are_no_change(desk: Desk) -> None:
    """Whatever dropped tables on purpose is the new measure for the runs after it."""
    remade = SchemaChange(table="orders", columns=(ColumnChange(name="id", data_type="bigint"),), new_table=True)
    desk.report(
        loaded("r1", at=5),
        loaded("marked", at=10, version="2", tables=ONE, refreshed=True),
        loaded("again", at=15, version="1"),
        # An old version of dlt: only that `orders` is new once more tells of the refresh.
        loaded("unmarked", at=20, version="2", tables=ONE, schema_changes=(remade,)),
        loaded("first", at=25, version="3", tables={}, first_run=True),
    )
    assert desk.heard("ops") == []
    with desk.store.reading() as tx:
        unmarked = tx.run("unmarked")
    assert unmarked is not None
    assert (unmarked.refreshed, unmarked.schema_changes) == (True, ())


def test_a_report_that_comes_late_is_compared_with_nothing(desk: Desk) -> None:
    """The schema of an older run does not take the place of a newer one."""
    desk.report(loaded("newer", at=65, version="2"))
    desk.report(loaded("older", at=5, version="1", tables=ONE), loaded("newest", at=70, version="2"))
    assert desk.heard("ops") == []


def test_additions_are_kept_and_told_to_whoever_asks(tmp_path: Path, new_store: NewStore) -> None:
    """A new column is an `info`, which routes leave out unless they ask for it, or the pipeline makes it more."""
    desk = Desk(tmp_path, new_store(), "ops")
    desk.report(loaded("r1", at=5), loaded("r2", at=65, schema_changes=(NEW_COLUMN,)))
    assert (desk.heard("ops"), desk.open_or_last().severity) == ([], Severity.INFO)

    desk.open("ops", pipelines={"orders": PipelineConfig(schema_changes=Severity.WARNING)})
    desk.report(loaded("r3", at=125), loaded("r4", at=185, schema_changes=(NEW_COLUMN,)))
    assert desk.heard("ops") == ["orders.orders: column discount added"]
    [message] = desk.messages("ops")
    assert "+ column discount double" in str(message)


def test_a_second_change_in_a_row_is_told_too(desk: Desk) -> None:
    """Each change is news, also while the alert of the one before is open."""
    desk.report(
        loaded("r1", at=5),
        loaded("r2", at=10, version="2", tables={"orders": {"id": "bigint"}, "items": {"id": "bigint"}}),
        loaded("r3", at=15, version="3", tables={"orders": {"id": "text"}, "items": {"id": "bigint"}}),
    )
    first, second = desk.heard("ops")
    assert first == "orders.orders: column old removed"
    assert second.startswith("orders.orders: column id is text, was bigint")


def test_a_receiver_that_keeps_alerts_open_hears_of_the_end(tmp_path: Path, new_store: NewStore) -> None:
    """An incident of a pager would otherwise stay open for good."""
    pager = channel("pager", "alertmanager", url="http://127.0.0.1:9")
    desk = Desk(tmp_path, new_store(), pager)
    desk.report(loaded("r1", at=5), loaded("r2", at=65, version="2", tables=ONE), loaded("r3", at=70, version="2"))
    assert Reason.RECOVERED in {one.reason for one in desk.decided("pager")}
