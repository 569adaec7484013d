"""Where a long list was left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Position:
    """The last that was seen of a list that begins with the newest; the next page holds what stands after it.

    What comes in meanwhile stands before it, and neither moves the page nor is in it.
    """

    #: By which the list is sorted.
    at: datetime
    id: str
    #: Of alerts only, of which open ones come first: whether this one was open.
    open: bool = False
