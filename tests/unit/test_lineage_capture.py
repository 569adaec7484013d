"""What a pipeline's process keeps for those who are told of its runs by OpenLineage."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tocsin.capture import context, convert


@pytest.mark.parametrize(
    ("shown", "location"),
    [
        ("postgresql://loader:***@db.internal:5433/warehouse", "postgresql://db.internal:5433/warehouse"),
        ("redshift+redshift_connector://loader:***@db/wh?sslmode=require", "redshift://db/wh"),
        ("duckdb:////data/wh.duckdb", "duckdb:////data/wh.duckdb"),
        ("s3://lake/raw", "s3://lake/raw"),
        ("http://user:p@ss@host/x#y", "http://host/x"),
        # What is no address.
        ("loader@acme", None),
        ("", None),
        (None, None),
    ],
)
def test_where_a_destination_is(shown: str | None, location: str | None) -> None:
    """It is told without user, password, driver and parameters."""
    load: Any = SimpleNamespace(destination_displayable_credentials=shown, destination_type="dlt.destinations.x")
    assert convert.location(load) == location


def test_where_bigquery_is() -> None:
    """It is shown by account and project, and the project says where it is."""
    shown = "loader@acme.iam.gserviceaccount.com@acme-prod"
    load: Any = SimpleNamespace(destination_displayable_credentials=shown, destination_type="dlt.destinations.bigquery")
    assert convert.location(load) == "bigquery://acme-prod"


def test_a_load_that_never_was() -> None:
    """Without a load nothing is known."""
    assert convert.location(None) is None


@pytest.mark.parametrize(
    ("variable", "names"),
    [
        ("airflow/orders.load/0192fa5e", {"openlineage_parent": "airflow/orders.load/0192fa5e"}),
        # What is not of the form is not believed.
        ("orders.load", {}),
        ("", {}),
    ],
)
def test_the_outer_run(variable: str, names: dict[str, str]) -> None:
    """It is the one that the scheduler has named in the environment."""
    found = context.detect({"OPENLINEAGE_PARENT_ID": variable}, {})
    assert (found.names, found.orchestrator) == (names, None)
