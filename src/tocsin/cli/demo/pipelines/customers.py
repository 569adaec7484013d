# /// script
# dependencies = ["dlt[duckdb]", "dlt-tocsin"]
# ///
"""Loads the customers of the shop into a table whose columns are agreed on."""

from collections.abc import Iterator
from typing import Any

import dlt
from dlt.sources.helpers.rest_client.auth import APIKeyAuth
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import HeaderLinkPaginator

client = RESTClient(
    base_url=dlt.config["sources.shop.url"],
    auth=APIKeyAuth(name="api_key", api_key=dlt.secrets["sources.shop.api_key"], location="query"),
    paginator=HeaderLinkPaginator(),
)


@dlt.resource(primary_key="id", write_disposition="merge", schema_contract={"columns": "freeze"})
def customers() -> Iterator[Any]:
    """Yield the customers, page by page."""
    yield from client.paginate("customers")


dlt.pipeline("customers", destination="duckdb", dataset_name="shop").run(customers())
