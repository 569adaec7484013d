"""What tables looked like last, on every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tocsin.core.schema import SchemaVersion
from tocsin.store.protocol import Store

SHOP = SchemaVersion(
    name="shop",
    version_hash="a1",
    tables={"orders": {"id": "bigint", "price": "double"}},
    seen_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
)


def test_schemas_are_known_by_pipeline_environment_and_name(store: Store) -> None:
    """Two pipelines, two environments and two schemas of one pipeline do not get in each other's way."""
    with store.writing() as tx:
        tx.save_schema("orders", "prod", SHOP)
    with store.reading() as tx:
        assert tx.schema("orders", "prod", "shop") == SHOP
        assert tx.schema("orders", "dev", "shop") is None
        assert tx.schema("stock", "prod", "shop") is None
        assert tx.schema("orders", "prod", "other") is None


def test_all_schemas_of_a_pipeline(store: Store) -> None:
    """They come by name, without those of others."""
    with store.writing() as tx:
        for name in ("shop", "crm"):
            tx.save_schema("orders", "prod", replace(SHOP, name=name))
        tx.save_schema("orders", "dev", SHOP)
        tx.save_schema("stock", "prod", SHOP)
    with store.reading() as tx:
        assert [schema.name for schema in tx.schemas_of("orders", "prod")] == ["crm", "shop"]
        assert tx.schemas_of("nobody", "prod") == []


def test_the_newest_version_takes_the_place_of_the_one_before(store: Store) -> None:
    """One version of each schema is kept."""
    newer = replace(SHOP, version_hash="b2", tables={})
    with store.writing() as tx:
        tx.save_schema("orders", "prod", SHOP)
        tx.save_schema("orders", "prod", newer)
    with store.reading() as tx:
        assert tx.schema("orders", "prod", "shop") == newer
