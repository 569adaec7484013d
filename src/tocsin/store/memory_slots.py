"""What is expected, and the slots of it, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from tocsin.core.expectation import Expectation
from tocsin.core.slot import Slot
from tocsin.store.memory_state import Part


class Slots(Part):
    """The part of a transaction that is about what is expected."""

    def expectation(self, pipeline: str, environment: str) -> Expectation | None:
        """Return what is expected of a pipeline."""
        return self._read.expectations.get((pipeline, environment))

    def expectations(self, environment: str, *, after: str = "", limit: int) -> Sequence[Expectation]:
        """Return what is expected of pipelines, by their names, beginning after this name."""
        here = sorted(name for name, where in self._read.expectations if where == environment and name > after)
        return [self._read.expectations[name, environment] for name in here[:limit]]

    def expectations_of(self, pipelines: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], Expectation]:
        """Return what is expected of these pipelines and environments; some have none."""
        return {name: self._read.expectations[name] for name in pipelines if name in self._read.expectations}

    def save_expectations(self, expectations: Sequence[Expectation]) -> None:
        """Insert or replace what is expected of pipelines."""
        self._write.expectations.update({(each.pipeline, each.environment): each for each in expectations})

    def drop_expectation(self, pipeline: str, environment: str) -> None:
        """Expect nothing of a pipeline any more; its slots stay as they are."""
        self._write.expectations.pop((pipeline, environment), None)

    def due_expectations(self, now: datetime, *, limit: int) -> Sequence[Expectation]:
        """Return the expectations whose next slot has come, longest due first."""
        due = [(e.next_slot_at, e) for e in self._read.expectations.values() if e.next_slot_at is not None]
        return [e for at, e in sorted(due, key=lambda pair: pair[0]) if at <= now][:limit]

    def next_slot_at(self) -> datetime | None:
        """Return when the next slot of all has to be computed or looked at."""
        coming = [e.next_slot_at for e in self._read.expectations.values() if e.next_slot_at is not None]
        return min((*coming, *self._read.checks.values()), default=None)

    def slots(
        self,
        pipeline: str,
        environment: str,
        *,
        unresolved: bool = False,
        before: datetime | None = None,
        limit: int = 100,
    ) -> Sequence[Slot]:
        """Return the slots of a pipeline, newest first by the time at which they are due; `before` is exclusive."""
        found = [
            slot
            for slot in self._read.slots.values()
            if (slot.pipeline, slot.environment) == (pipeline, environment)
            and not (unresolved and slot.state.resolved)
            and (before is None or slot.due_at < before)
        ]
        return sorted(found, key=lambda slot: slot.due_at, reverse=True)[:limit]

    def slots_of(
        self, pipelines: Collection[str], environment: str, *, since: datetime, least: int
    ) -> Mapping[str, Sequence[Slot]]:
        """Return the slots of these pipelines from the last one before `since` on, and earlier ones up to `least`."""
        found = {}
        for name in pipelines:
            if (name, environment) in self._read.expectations:
                newest = self.slots(name, environment, limit=len(self._read.slots))
                late = sum(slot.due_at >= since for slot in newest)
                found[name] = newest[: max(least, late + 1)][::-1]
        return {name: slots for name, slots in found.items() if slots}

    def save_slots(self, slots: Sequence[Slot], *, check_at: Mapping[str, datetime]) -> None:
        """Insert or replace slots, and when each has to be looked at next."""
        state = self._write
        for slot in slots:
            state.slots[slot.id] = slot
            state.checks.pop(slot.id, None)
            if slot.id in check_at:
                state.checks[slot.id] = check_at[slot.id]

    def due_slots(self, now: datetime, *, limit: int) -> Sequence[Slot]:
        """Return the slots that have to be looked at, longest due first."""
        due = sorted((at, slot_id) for slot_id, at in self._read.checks.items() if at <= now)
        return [self._read.slots[slot_id] for _, slot_id in due[:limit]]
