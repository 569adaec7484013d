"""All that a fact holds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def whole(fact: DataclassInstance) -> dict[str, object]:
    """Return all fields: programs need not know which values are defaults."""
    return {field.name: getattr(fact, field.name) for field in dataclasses.fields(fact)}
