# /// script
# dependencies = ["dlt[duckdb]", "dlt-tocsin"]
# ///
"""Loads what is in stock."""

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


@dlt.resource(write_disposition="replace")
def stock() -> Iterator[Any]:
    """Yield the stock levels, page by page."""
    yield from client.paginate("stock")


dlt.pipeline("stock", destination="duckdb", dataset_name="shop").run(stock())
