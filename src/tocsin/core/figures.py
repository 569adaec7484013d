"""What is counted of an engine at work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The messages that wait for one channel."""

    count: int
    #: When the oldest was written.
    since: datetime
