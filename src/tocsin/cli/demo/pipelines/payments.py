# /// script
# dependencies = ["dlt[duckdb]", "dlt-tocsin"]
# ///
"""Loads the payments and refunds of the shop; the database refuses to hold a payment twice."""

import dlt
from dlt.destinations import duckdb
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
        "resources": [{"name": "payments", "columns": {"id": {"unique": True}}}, "refunds"],
    },
    name="shop",
)

dlt.pipeline("payments", destination=duckdb(create_indexes=True), dataset_name="shop").run(shop)
