"""A shop's night: load orders with dlt, export invoices, and tell people when it goes wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dlt
from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowSkipException

from tocsin.integrations.airflow import TocsinNotifier, callbacks

INVOICES = Path("/nowhere/invoices")


@dag(
    schedule="0 6 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    # Each task tells how it ended…
    default_args={**callbacks(), "retries": 1, "retry_delay": timedelta(seconds=5), "owner": "data-team"},
    # …and the DAG what no task of it could tell.
    on_failure_callback=TocsinNotifier(),
    on_success_callback=TocsinNotifier(),
)
def shop() -> None:
    """Run each night."""

    @task
    def load_orders() -> None:
        """Load with dlt: the plugin watches it, and needs nothing from Airflow."""
        rows = [{"id": 1, "total": 12.5}, {"id": 2, "total": 30}]
        dlt.pipeline("orders", destination="duckdb", dataset_name="shop").run(rows, table_name="orders")

    @task
    def load_stock() -> None:
        """Load with dlt from a source that fails."""

        @dlt.resource
        def stock() -> Iterator[dict[str, int]]:
            yield {"id": 1, "left": 3}
            raise ConnectionError("the warehouse does not answer")

        dlt.pipeline("stock", destination="duckdb", dataset_name="shop").run(stock())

    @task
    def export_invoices() -> None:
        """Do something that has nothing to do with dlt."""
        (INVOICES / "today.csv").write_text("id,total\n")

    @task
    def find_returns() -> None:
        """Find nothing to do."""
        raise AirflowSkipException("nobody sent anything back")

    @task
    def publish() -> None:
        """Wait for the stock and the invoices, neither of which comes."""

    load_orders() >> [export_invoices(), load_stock()] >> publish()
    find_returns()


shop()
