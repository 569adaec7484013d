"""Silences in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tocsin.core.position import Position
from tocsin.core.silence import Silence
from tocsin.store.memory_state import Part
from tocsin.store.protocol import FOUND


class Silences(Part):
    """The part of a transaction that is about what people mute."""

    def save_silence(self, silence: Silence) -> None:
        """Insert or replace a silence."""
        self._write.silences[silence.id] = silence

    def silences(self, now: datetime) -> Sequence[Silence]:
        """Return the silences that are not over, pending ones included, those that end last first."""
        return self._last_silences(lambda silence: silence.over_at > now)

    def all_silences(self, *, after: Position | None = None, limit: int) -> Sequence[Silence]:
        """Return silences, those that are over included, those that end last first."""
        return self._last_silences(lambda one: after is None or (one.over_at, one.id) < (after.at, after.id))[:limit]

    def find_silences(self, prefix: str) -> Sequence[Silence]:
        """Return the silences whose id begins with `prefix`, those that end last first, at most `FOUND`."""
        return self._last_silences(lambda silence: silence.id.startswith(prefix))[:FOUND]

    def silences_to_close(self, now: datetime) -> Sequence[Silence]:
        """Return the silences whose end has come but was not noticed, longest over first."""
        return self._last_silences(lambda silence: silence.closed_at is None and silence.over_at <= now)[::-1]

    def _last_silences(self, wanted: Callable[[Silence], bool]) -> list[Silence]:
        found = filter(wanted, self._read.silences.values())
        return sorted(found, key=lambda silence: (silence.over_at, silence.id), reverse=True)
