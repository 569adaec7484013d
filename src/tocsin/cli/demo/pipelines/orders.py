# /// script
# dependencies = ["dlt[duckdb]", "dlt-tocsin"]
# ///
"""Loads the orders of the shop."""

import dlt
from dlt.sources.rest_api import rest_api_source

shop = rest_api_source(
    {
        "client": {
            "base_url": dlt.config["sources.shop.url"],
            "auth": {
                "type": "api_key",
                "name": "api_key",
                "api_key": dlt.secrets["sources.shop.api_key"],
                "location": "query",
            },
            "paginator": {"type": "header_link"},
        },
        "resources": ["orders"],
    },
    name="shop",
)

dlt.pipeline("orders", destination="duckdb", dataset_name="shop").run(shop)
