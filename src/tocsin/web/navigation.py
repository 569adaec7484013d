"""The pages in the order in which they are asked for, and the keys that act on all of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A page in the navigation."""

    name: str
    path: str


NAVIGATION = (
    Entry(name="Overview", path="/"),
    Entry(name="Alerts", path="/alerts"),
    Entry(name="Silences", path="/silences"),
    Entry(name="Channels", path="/channels"),
    Entry(name="Checks", path="/checks"),
    Entry(name="Rules", path="/rules"),
    Entry(name="System", path="/system"),
)

#: Each key, and what it does. `static/app.js` acts on them; a test compares the two.
KEYS = (
    ("/", "Search in this list"),
    ("j", "Next row"),
    ("k", "Row before"),
    ("Enter", "Open the row"),
    ("a", "Acknowledge the alert of the row, or of the page"),
    ("s", "Silence it"),
    ("r", "Look for news now"),
    ("?", "Show these keys"),
)
