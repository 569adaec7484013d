"""Changes and age of tables on real dlt, from the loads to the message."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from desk import Desk
from dlt_scripts import Ended, RunScript
from tocsin.config.model import PipelineConfig
from tocsin.core.limits import FreshLimit, Limits
from tocsin.core.run import Run
from tocsin.core.schema import ColumnChange, SchemaChange
from tocsin.core.severity import Severity
from tocsin.store.memory import MemoryStore

pytestmark = pytest.mark.dlt_versions

_SCRIPT = """
    import dlt
    from dlt.pipeline import helpers

    # What `dlt pipeline shop drop orders_api` calls, under its two names.
    drop = getattr(helpers, "DropCommand", None) or helpers.pipeline_drop

    @dlt.source(name="shop")
    def shop(*rows):
        return dlt.resource(rows, name="orders_api", table_name="orders")

    def pipeline():
        return dlt.pipeline("shop", destination="duckdb", dataset_name="data")

    pipeline().run(shop({"id": 1, "price": 1}))
    pipeline().run(shop({"id": 2, "price": "free", "discount": 0.5, "lines": [{"number": 1}]}))
    pipeline().run(shop({"id": 3, "city": "Ulm"}), refresh="drop_sources")
    pipeline().run(shop({"id": 4, "city": "Bonn"}))
    pipeline().run(shop())
    drop(pipeline(), resources=["orders_api"])()
"""


@pytest.fixture(scope="module")
def ended(run_script: RunScript) -> Ended:
    """Run the pipeline: a first load, a drift, a refresh, the same again, no data, and a drop."""
    return run_script(_SCRIPT)


def test_a_load_tells_types_variants_and_resources(ended: Ended) -> None:
    """What is new is known with its type; a table of nested data has the resource of the table around it."""
    drifted = ended.ended("shop")[1]
    orders, lines = drifted.schema_changes
    assert (orders.table, orders.resource, orders.new_table) == ("orders", "orders_api", False)
    assert set(orders.columns) == {
        ColumnChange(name="price__v_text", data_type="text", variant_of="price"),
        ColumnChange(name="discount", data_type="double"),
    }
    assert lines == SchemaChange(
        table="orders__lines",
        columns=(ColumnChange(name="number", data_type="bigint"),),
        new_table=True,
        resource="orders_api",
    )


def test_each_run_describes_its_schema(ended: Ended) -> None:
    """The user's tables and columns are told with their types; the hash tells whether anything has changed."""
    first, _, refreshed, same = (_described(run) for run in ended.ended("shop")[:4])
    assert first[1] == {"orders": {"id": "bigint", "price": "bigint"}}
    assert refreshed == same
    assert same[1] == {"orders": {"id": "bigint", "city": "text"}}


def test_drift_and_drop_are_told_and_a_refresh_is_not(ended: Ended, tmp_path: Path) -> None:
    """Of all runs two changed what somebody reads, and each of these tables is one message."""
    pipelines = {"shop": PipelineConfig(schema_changes=Severity.WARNING)}
    desk = Desk(tmp_path, MemoryStore(), "ops", pipelines=pipelines)
    first, drifted, refreshed, same, empty, *drop = ended.ended("shop")
    desk.report(first)
    assert desk.heard("ops") == []
    desk.report(drifted)
    told = desk.heard("ops")
    assert sorted(told) == [
        "shop.orders: 1 column added, 1 column of another type",
        "shop.orders__lines: new table with 1 column",
    ]
    desk.report(refreshed, same, empty)
    assert desk.heard("ops") == told
    desk.report(*drop)
    assert desk.heard("ops") == [*told, "shop.orders: table removed"]


def test_a_run_without_data_does_not_keep_a_table_fresh(ended: Ended, tmp_path: Path) -> None:
    """The last run that brought rows counts, and the message says that a later one went well and brought none."""
    limits = Limits(fresh={"orders": FreshLimit(within=timedelta(hours=26))})
    desk = Desk(tmp_path, MemoryStore(), "ops", pipelines={"shop": PipelineConfig(limits=limits)})
    object.__setattr__(desk.engine, "watching", True)
    desk.now = ended.ended("shop")[0].started_at
    desk.report(*ended.ended("shop")[:5])
    assert desk.tick(minutes=25 * 60).stale == 0
    assert desk.tick(minutes=2 * 60).stale == 1
    evidence = desk.open_or_last("shop").evidence
    assert evidence is not None
    assert evidence["Since then"] == "1 run went well and brought nothing for this table"


def _described(run: Run) -> tuple[str, object]:
    [schema] = run.schemas
    assert schema.name == "shop"
    return schema.version_hash, schema.tables
