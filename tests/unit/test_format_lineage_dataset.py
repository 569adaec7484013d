"""What tables are called, so that others who write or read them call them the same."""

from __future__ import annotations

import pytest
from openlineage.client.naming.dataset import BigQuery, MySQL, Postgres

from made import good_run
from tocsin.channels.formats.lineage_dataset import dataset_of

_LOCAL = {"database": "wh", "schema": "shop", "table": "orders"}


@pytest.mark.parametrize(
    ("location", "namespace", "name"),
    [
        ("postgresql://db:5432/wh", "postgres://db:5432", "wh.shop.orders"),
        # The port that is meant where none is written.
        ("postgresql://db/wh", "postgres://db:5432", "wh.shop.orders"),
        ("redshift://db/wh", "redshift://db:5439", "wh.shop.orders"),
        ("mysql://db:3307/wh", "mysql://db:3307", "shop.orders"),
        ("mssql://db/wh", "sqlserver://db:1433", "wh.shop.orders"),
        ("snowflake://acme-eu/wh", "snowflake://acme-eu", "wh.shop.orders"),
        ("bigquery://acme-prod", "bigquery", "acme-prod.shop.orders"),
        ("s3://lake/raw", "s3://lake", "raw/shop/orders"),
        ("file:///data/", "file", "/data/shop/orders"),
        # As OpenLineage's integration of dbt calls them.
        ("duckdb:////data/wh.duckdb", "duckdb:///data/wh.duckdb", "shop.orders"),
        ("duckdb:///wh.duckdb", "duckdb://wh.duckdb", "shop.orders"),
        # Where dlt shows no address.
        (None, "weaviate", "shop.orders"),
    ],
)
def test_names(location: str | None, namespace: str, name: str) -> None:
    """Each destination has its own way."""
    run = good_run(location=location, destination="weaviate")
    assert dataset_of(run, "orders") == (namespace, name)


@pytest.mark.parametrize(
    ("location", "naming"),
    [
        ("postgresql://db:5432/wh", Postgres(host="db", port="5432", **_LOCAL)),
        ("bigquery://acme", BigQuery("acme", "shop", "orders")),
        ("mysql://db:3306/wh", MySQL("db", "3306", "shop", "orders")),
    ],
)
def test_names_of_openlineage(location: str, naming: Postgres) -> None:
    """Those of the specification are the ones that its own client gives."""
    assert dataset_of(good_run(location=location), "orders") == (naming.get_namespace(), naming.get_name())


def test_nothing_is_known() -> None:
    """A run without a destination names its tables all the same."""
    assert dataset_of(good_run(destination=None, dataset=None), "orders") == ("unknown", "orders")
