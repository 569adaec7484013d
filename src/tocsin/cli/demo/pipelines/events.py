# /// script
# dependencies = ["dlt[duckdb]", "dlt-tocsin"]
# ///
"""Loads the events of so many days, one run a day: `events.py 6`."""

import sys
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


@dlt.resource
def events() -> Iterator[Any]:
    """Yield the events of a day, page by page."""
    yield from client.paginate("events")


pipeline = dlt.pipeline("events", destination="duckdb", dataset_name="shop")
for _ in range(int(sys.argv[1])):
    pipeline.run(events())
