"""What a route asks for: how much has to matter, and how often it is said again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tocsin.core.severity import Severity


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a route asks for."""

    least: Severity = Severity.WARNING
    repeat_every: timedelta = timedelta(hours=4)
