"""Idempotency keys: the same decision has the same key in every process."""

from __future__ import annotations

import uuid

_KEYS = uuid.UUID("2d3c0f9e-0f0a-5a0e-9b1c-8d5a3c1b7e42")


def key_of(*parts: str) -> str:
    """Return the key of the decision that these parts name."""
    return str(uuid.uuid5(_KEYS, "\0".join(parts)))
