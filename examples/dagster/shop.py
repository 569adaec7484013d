"""A shop whose nightly job goes wrong in three ways: one asset fails, one needs a second attempt, one is blocked."""

from collections.abc import Iterator
from pathlib import Path

import dlt
from dagster import AssetExecutionContext, AssetKey, Definitions, RetryPolicy, asset, define_asset_job
from dagster_dlt import DagsterDltResource, dlt_assets

from tocsin.integrations.dagster import tocsin_on_failure, tocsin_sensors


@dlt.source
def shop_api(name: str, *, refuses: bool = False, stumbles: bool = False) -> Iterator[object]:
    """Pretend to be an API: it may refuse, or be down for a moment and then be back."""

    @dlt.resource(name=name)
    def rows() -> Iterator[dict[str, int]]:
        if refuses:
            raise PermissionError("401 Client Error: Unauthorized for url: https://shop.example.com/orders")
        down = Path("down")
        if stumbles and not down.exists():
            down.touch()
            raise ConnectionError("shop.example.com does not answer")
        down.unlink(missing_ok=True)
        yield {"id": 1}

    yield rows


def to(name: str) -> dlt.Pipeline:
    """Return a pipeline into a file of its own, beside this one."""
    return dlt.pipeline(name, destination=dlt.destinations.duckdb(f"{name}.duckdb"), dataset_name="shop")


@dlt_assets(dlt_source=shop_api("orders", refuses=True), dlt_pipeline=to("orders"), name="orders")
def orders(context: AssetExecutionContext, dlt: DagsterDltResource) -> Iterator[object]:
    """Fail in each attempt. Nothing is said of Tocsin here: dlt's run is watched by itself."""
    yield from dlt.run(context=context)


@dlt_assets(dlt_source=shop_api("customers", stumbles=True), dlt_pipeline=to("customers"), name="customers")
def customers(context: AssetExecutionContext, dlt: DagsterDltResource) -> Iterator[object]:
    """Fail once, and succeed in the second attempt."""
    yield from dlt.run(context=context)


@asset(deps=[AssetKey("dlt_shop_api_orders")], hooks={tocsin_on_failure})
def revenue() -> None:
    """Never start, as the orders did not arrive."""


@asset(hooks={tocsin_on_failure})
def report() -> None:
    """Fail without dlt: the hook tells of it."""
    raise FileNotFoundError("the template report.html is missing")


nightly = define_asset_job("nightly", op_retry_policy=RetryPolicy(max_retries=1, delay=1))

defs = Definitions(
    assets=[orders, customers, revenue, report],
    jobs=[nightly],
    sensors=tocsin_sensors(),
    resources={"dlt": DagsterDltResource()},
)
