# /// script
# dependencies = ["dlt[duckdb]", "dlt-tocsin"]
# ///
"""Asks the shop for an export, waits until it is ready, and loads it."""

import time
from collections.abc import Iterator
from http import HTTPStatus
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
def exports() -> Iterator[Any]:
    """Yield the rows of the export, page by page, once there are any."""
    while client.get("exports").status_code == HTTPStatus.ACCEPTED:
        time.sleep(0.5)
    yield from client.paginate("exports")


dlt.pipeline("exports", destination="duckdb", dataset_name="shop").run(exports())
