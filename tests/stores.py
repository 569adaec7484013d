"""Stores of every kind, for tests that do not care which."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tocsin.store.protocol import Store

#: Opens another empty store each time it is called. The fixture `new_store` is one.
NewStore: TypeAlias = Callable[[], Store]
