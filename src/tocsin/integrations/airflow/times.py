"""Times of Airflow's, which are pendulum's."""

from __future__ import annotations

from datetime import UTC, datetime


def in_utc(moment: datetime | None) -> datetime:
    """Return a time as the standard library has it; the present where Airflow has none yet."""
    return datetime.fromtimestamp(moment.timestamp(), UTC) if moment is not None else datetime.now(UTC)
