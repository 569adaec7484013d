"""What is old goes, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tocsin.core.outbox import Notification, Status
from tocsin.core.retention import Kept, Pruned
from tocsin.core.run import Outcome
from tocsin.store.memory_state import Part


class Retention(Part):
    """The part of a transaction that is about what is old."""

    def prune(self, kept: Kept, *, before: datetime, since: datetime | None = None, limit: int) -> Pruned:
        """Delete the oldest of what nobody needs any more, with what belongs to it."""
        old = sorted((at, key) for at, key in self._old(kept) if at < before and (since is None or at >= since))[:limit]
        self._drop(kept, {key for _, key in old})
        return Pruned(count=len(old), reached=old[-1][0] if len(old) == limit else None)

    def count_old(self, kept: Kept, *, before: datetime) -> int:
        """Return how many `prune` would delete in all, as things are now."""
        return sum(at < before for at, _ in self._old(kept))

    def _old(self, kept: Kept) -> Iterator[tuple[datetime, Any]]:
        """Yield what may go, with the moment that its age counts from."""
        state = self._read
        match kept:
            case Kept.EVENTS:
                yield from ((at, key) for key, at in state.events.items())
            case Kept.REFUSED:
                yield from ((state.inbox[number].at, number) for number in state.refused)
            case Kept.NOTIFICATIONS:
                yield from ((one.created_at, key) for key, one in state.notifications.items() if self._is_over(one))
            case Kept.GROUPS:
                told = self._told()
                yield from ((g.opened_at, key) for key, g in state.groups.items() if not g.open and key not in told)
            case Kept.ALERTS:
                here = {*state.look_at, *self._told()}
                yield from ((a.last_at, key) for key, a in state.alerts.items() if not a.open and key not in here)
            case Kept.SILENCES:
                yield from ((one.over_at, key) for key, one in state.silences.items() if one.closed_at is not None)
            case Kept.SLOTS:
                resolved = ((key, slot) for key, slot in state.slots.items() if slot.state.resolved)
                yield from ((slot.due_at, key) for key, slot in resolved if key not in state.checks)
            case Kept.RUNS:
                here = self._runs_that_stay()
                ended = (run for run in state.runs.values() if run.outcome is not Outcome.RUNNING)
                yield from ((run.started_at, run.id) for run in ended if run.id not in here)

    def _is_over(self, one: Notification) -> bool:
        alert = self._read.alerts.get(one.alert_id or "")
        groups = (self._read.groups.get(group_id or "") for group_id in (one.group_id, one.alert_id))
        return (
            one.status is not Status.WAITING
            and not (alert is not None and alert.open)
            and one.alert_id not in self._read.look_at
            and not any(group is not None and group.open for group in groups)
        )

    def _told(self) -> set[str | None]:
        return {name for one in self._read.notifications.values() for name in (one.alert_id, one.group_id)}

    def _runs_that_stay(self) -> set[str | None]:
        oldest_first = sorted(self._read.runs.values(), key=lambda run: (run.started_at, run.id))
        newest = {(run.pipeline, run.environment): run.id for run in oldest_first}
        return {*newest.values(), *(alert.run_id for alert in self._read.alerts.values() if alert.open)}

    def _drop(self, kept: Kept, keys: set[Any]) -> None:
        state = self._write
        tables: dict[Kept, dict[Any, Any]] = {
            Kept.EVENTS: state.events,
            Kept.REFUSED: state.refused,
            Kept.NOTIFICATIONS: state.notifications,
            Kept.GROUPS: state.groups,
            Kept.ALERTS: state.alerts,
            Kept.SILENCES: state.silences,
            Kept.SLOTS: state.slots,
            Kept.RUNS: state.runs,
        }
        for key in keys:
            del tables[kept][key]
        match kept:
            case Kept.REFUSED:
                for number in keys:
                    del state.inbox[number]
            case Kept.NOTIFICATIONS:
                state.deliveries[:] = [one for one in state.deliveries if one.notification_id not in keys]
            case Kept.GROUPS | Kept.ALERTS:
                for about in [about for about in state.receipts if about[0] in keys]:
                    del state.receipts[about]
