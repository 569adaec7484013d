"""Every store, for the tests that all of them pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from stores import NewStore
from tocsin.store.open import open_store
from tocsin.store.protocol import Store


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    """Name of a kind of store."""
    return str(request.param)


@pytest.fixture
def store(new_store: NewStore) -> Store:
    """Give an empty store that waits for as long as a busy machine needs."""
    return new_store()


@pytest.fixture
def impatient_store(new_store_url: Callable[[], str]) -> Iterator[Store]:
    """Give an empty store that does not wait for other writers."""
    opened = open_store(new_store_url(), patience=0.01)
    yield opened
    opened.close()
