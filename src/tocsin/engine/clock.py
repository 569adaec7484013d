"""The one place that asks what time it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

#: Returns the present, aware and in UTC.
Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present by the machine's clock."""
    return datetime.now(UTC)
