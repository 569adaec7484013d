"""How much something matters."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """How much it matters; the order of the members is the order of urgency."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def order(self) -> int:
        """0 for info up to 3 for critical."""
        return tuple(Severity).index(self)
