"""Stores that engines are killed over."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture
def stage_url(kind: str, new_store_url: Callable[[], str]) -> str:
    """Return the address of an empty store for a `Stage`."""
    return "sqlite:///{home}/t.db" if kind == "sqlite" else new_store_url()
