"""The text that names a store."""

from __future__ import annotations

import pytest

from tocsin.errors import StoreError
from tocsin.store.open import open_store


def test_memory_is_a_new_store_each_time() -> None:
    """Two stores in memory have nothing in common."""
    assert open_store("memory://") is not open_store("memory://")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://ada:secret@db", "found mysql://…, but there is no such kind of store"),
        ("/var/lib/secret.db", "found a text without ://, but there is no such kind of store"),
        ("", "found a text without ://"),
        # SQLite's own names for a database that vanishes would lose every alert without a word.
        ("sqlite://", "found sqlite://…"),
        ("sqlite:///", "found sqlite://…"),
        ("sqlite:///:memory:", "found sqlite://…"),
        ("sqlite://host/path", "found sqlite://…"),
    ],
)
def test_any_other_text_is_refused(url: str, message: str) -> None:
    """The error names the kind that was found, never what may be a password, and what to type."""
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert message in str(caught.value)
    assert "Type sqlite:////absolute/path/tocsin.db for a file, postgresql://user:password@host/database" in str(
        caught.value
    )
    assert "secret" not in str(caught.value)
