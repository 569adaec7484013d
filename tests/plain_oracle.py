"""What should be told of runs and slots, written from docs/expected-runs.md alone, without regard to speed.

Where that page leaves room, the oracle decides as the one who is woken would: a run that is known to be stuck is not
told as late as well, a failure in the time of a slot not as a slot without a run, and what a clock shows that was moved
a moment ago is no news at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from simulated_runs import Attempt, Pipeline
from tocsin.core.run import Outcome

#: A pipeline, and what is told of it.
Told = tuple[str, str]

DIED_AFTER = timedelta(seconds=60)
REPEAT_EVERY = timedelta(hours=12)
#: Kinds of trouble that say more than that something is late.
_ENDED = {"failed", "died"}
#: A run may make up for one of so many slots.
_LOOKS_BACK = 20


@dataclass(kw_only=True)
class Trouble:
    """The one open problem of a pipeline."""

    kind: str
    reason: str
    at: datetime
    told_at: datetime
    run: str = ""
    #: Whether it is the last attempt that has failed.
    grave: bool = True


@dataclass(kw_only=True)
class Slot:
    """One expected run."""

    opens: datetime
    due: datetime
    start_judged: bool = False
    finish_judged: bool = False


@dataclass(kw_only=True)
class Watched:
    """A pipeline, its slots so far, and all that has happened to it."""

    pipeline: Pipeline
    slots: list[Slot] = field(default_factory=list)
    begun: list[Attempt] = field(default_factory=list)
    over: set[str] = field(default_factory=set)
    trouble: Trouble | None = None
    #: When its troubles ended, or a run went well.
    well: list[datetime] = field(default_factory=list)

    @property
    def grace(self) -> timedelta:
        """For how long a run may be waited for."""
        return self.pipeline.grace or timedelta(hours=1)

    @property
    def lately(self) -> list[Attempt]:
        """Return the runs of which any may go on, or count for a slot that is judged."""
        return self.begun[-5 * _LOOKS_BACK :]

    def going(self, attempt: Attempt) -> bool:
        """Whether an attempt goes on, as far as anybody has said."""
        return attempt.id not in self.over

    def served(self) -> dict[int, list[Attempt]]:
        """Return the logical run of each of the latest slots that has one, by the place of the slot."""
        first = max(0, len(self.slots) - _LOOKS_BACK)
        logical: dict[str, list[Attempt]] = {}
        for attempt in self.lately:
            if attempt.run_type != "backfill" and self.slots and attempt.begin >= self.slots[first].opens:
                logical.setdefault(attempt.logical_id, []).append(attempt)
        served: dict[int, list[Attempt]] = {}
        for run in _choosing(list(logical.values()), self.going):
            opened = [place for place in range(first, len(self.slots)) if self.slots[place].opens <= run[0].begin]
            for place in reversed(opened):
                if place not in served:
                    served[place] = run
                    break
                if place != opened[-1] and served[place][0].begin < self.slots[place + 1].opens:
                    break
        return served

    def needs_none(self, slot: Slot) -> bool:
        """Whether another run went on when a slot was due, or began within its grace."""
        counting = [one for one in self.lately if one.run_type != "backfill"]
        return any(
            (one.begin <= slot.due and (self.going(one) or one.end > slot.due))
            or slot.opens <= one.begin <= slot.due + self.grace
            for one in counting
        )


def _choosing(runs: list[list[Attempt]], going: object) -> Iterator[list[Attempt]]:
    """Yield scheduled runs, then those of them that began while another was going, then those by hand."""
    assert callable(going)
    later, by_hand = [], []
    until: datetime | None = None
    forever = False
    for run in sorted(runs, key=lambda attempts: attempts[0].begin):
        if run[0].run_type == "manual":
            by_hand.append(run)
            continue
        if forever or (until is not None and run[0].begin < until):
            later.append(run)
        else:
            yield run
        forever = forever or going(run[-1])
        until = max(until or run[-1].end, run[-1].end)
    yield from later
    yield from by_hand


class Oracle:
    """Is told what happens, in order, and says what has to be told."""

    def __init__(self, pipelines: Iterable[Pipeline], begin: datetime, end: datetime) -> None:
        """Watch from `begin` on."""
        self.watched = {one.name: Watched(pipeline=one) for one in pipelines}
        self._coming = {one.name: one.timetable.due(begin, end) for one in pipelines}
        self._before = {one.name: begin for one in pipelines}
        self._standing: set[str] = set()
        self._unknown = {one.name for one in pipelines if one.grace is None}

    def learned(self, name: str) -> bool:
        """Whether anything is expected of a pipeline."""
        return name not in self._unknown

    def learned_at(self, name: str, now: datetime) -> None:
        """Expect something of a pipeline only from now on."""
        self._unknown.discard(name)
        self._coming[name] = [due for due in self._coming[name] if due > now]
        self._before[name] = now

    def begins(self, attempt: Attempt) -> None:
        """Take note that a run began."""
        self.watched[attempt.pipeline].begun.append(attempt)

    def stands(self, attempt: Attempt) -> None:
        """Take note that a run has said that it lives and has not moved for too long."""
        self._standing.add(attempt.id)

    def ends(self, attempt: Attempt) -> list[Told]:
        """Return what has to be told when a run ends and says so."""
        watched = self.watched[attempt.pipeline]
        watched.over.add(attempt.id)
        if attempt.outcome is not Outcome.SUCCEEDED:
            grave = attempt.attempt == attempt.attempts
            return self._find(watched, "failed", "the same", attempt.end, attempt.end, attempt.id, grave=grave)
        watched.well.append(attempt.end)
        if watched.trouble is None or attempt.end < watched.trouble.at:
            return []
        watched.trouble = None
        return [(attempt.pipeline, "recovered")]

    def looks(self, now: datetime) -> list[Told]:
        """Return what has to be told when somebody looks."""
        told = [one for watched in self.watched.values() for one in self._deaths(watched, now)]
        for name, watched in self.watched.items():
            while self.learned(name) and self._coming[name] and self._coming[name][0] <= now:
                due = self._coming[name].pop(0)
                early = min((due - self._before[name]) / 4, timedelta(hours=1))
                watched.slots.append(Slot(opens=due - early, due=due))
                self._before[name] = due
        held = {name: self._holds(watched, now) for name, watched in self.watched.items()}
        found = [one for name, watched in self.watched.items() for one in self._slots(watched, held[name], now)]
        for watched, kind, reason, run in found:
            told += self._find(watched, kind, reason, now, now, run)
        told += [one for watched in self.watched.values() for one in self._stuck(watched, now)]
        return told + [one for watched in self.watched.values() for one in self._again(watched, now)]

    def _deaths(self, watched: Watched, now: datetime) -> Iterator[Told]:
        for attempt in watched.lately:
            if watched.going(attempt) and attempt.outcome is Outcome.DIED and now - attempt.end > DIED_AFTER:
                watched.over.add(attempt.id)
                if not any(well > attempt.end for well in watched.well):
                    yield from self._find(watched, "died", "the same", attempt.end, now, attempt.id)

    def _stuck(self, watched: Watched, now: datetime) -> Iterator[Told]:
        for attempt in watched.lately:
            if watched.going(attempt) and attempt.id in self._standing:
                same = watched.trouble is not None and (watched.trouble.kind, watched.trouble.run) == (
                    "stuck",
                    attempt.id,
                )
                if not same:
                    yield from self._find(watched, "stuck", "the same", now, now, attempt.id)

    def _holds(self, watched: Watched, now: datetime) -> dict[datetime, datetime | None]:
        """Return for the slots that something holds up, or held up, since when they are released; None while held."""
        holds: dict[datetime, datetime | None] = {}
        ups = [self.watched[name] for name in watched.pipeline.after]
        busy = [up.pipeline.name for up in ups if up.trouble is not None or self._is_at_work(up, now)]
        for slot in watched.slots[-_LOOKS_BACK:]:
            released = []
            for up in ups:
                well = [at for at in up.well if at >= slot.due]
                if well:
                    released.append(min(well))
                elif up.pipeline.name in busy:
                    holds[slot.due] = None
                    break
            else:
                if released:
                    holds[slot.due] = max(released)
        return holds

    def _is_at_work(self, watched: Watched, now: datetime) -> bool:
        """Return whether a pipeline runs, or is due and may still begin."""
        if any(watched.going(one) for one in watched.lately):
            return True
        newest = len(watched.slots) - 1
        if newest < 0 or newest in watched.served():
            return False
        slot = watched.slots[newest]
        return now < slot.due + watched.grace or not watched.needs_none(slot)

    def _slots(
        self, watched: Watched, holds: dict[datetime, datetime | None], now: datetime
    ) -> list[tuple[Watched, str, str, str]]:
        open_slots = [slot for slot in watched.slots[-_LOOKS_BACK:] if not (slot.start_judged and slot.finish_judged)]
        if not any(now >= slot.due + watched.grace for slot in open_slots):
            return []
        served = watched.served()
        begun_until = max((watched.slots[place].due for place in served), default=None)
        found = []
        for place, slot in list(enumerate(watched.slots))[-_LOOKS_BACK:]:
            if slot in open_slots:
                newest = place == len(watched.slots) - 1
                is_over = begun_until is not None and begun_until > slot.due
                for kind, reason, run in self._slot(watched, slot, served.get(place), holds, now, newest=newest):
                    if run or not is_over:
                        found = [(watched, kind, reason, run)]
        return found

    def _slot(
        self,
        watched: Watched,
        slot: Slot,
        run: list[Attempt] | None,
        holds: dict[datetime, datetime | None],
        now: datetime,
        *,
        newest: bool,
    ) -> Iterator[tuple[str, str, str]]:
        released = holds.get(slot.due, slot.due)
        finish = watched.pipeline.finish
        failed = watched.trouble is not None and watched.trouble.kind in _ENDED and watched.trouble.at >= slot.due
        if run is not None:
            waited = released is not None and run[0].begin >= released
            shift = max(released - slot.due, timedelta(0)) if waited and released is not None else timedelta(0)
            slot.start_judged = True
            slot.finish_judged = finish is None or not watched.going(run[-1])
            if finish is not None and not slot.finish_judged and now > slot.due + shift + finish:
                slot.finish_judged = True
                still = watched.trouble is not None and (watched.trouble.kind, watched.trouble.run) == (
                    "stuck",
                    run[-1].id,
                )
                if not failed and not still:
                    yield "late", "goes on", run[-1].id
            return
        if now < slot.due + watched.grace:
            return
        if watched.needs_none(slot):
            slot.start_judged = slot.finish_judged = True
            return
        if released is None:
            return
        shift = max(released - slot.due, timedelta(0))
        if newest and finish is not None and now > slot.due + shift + finish:
            slot.start_judged = slot.finish_judged = True
            if not failed:
                yield "late", "nothing began", ""
        elif now > slot.due + shift + watched.grace and not slot.start_judged:
            slot.start_judged = True
            slot.finish_judged = finish is None or not newest
            yield "not started", "the same", ""

    def _find(
        self, watched: Watched, kind: str, reason: str, at: datetime, now: datetime, run: str, *, grave: bool = True
    ) -> list[Told]:
        before = watched.trouble
        if before is not None and at < before.at and not (run and run == before.run):
            return []
        same = before is not None and (before.kind, before.reason) == (kind, reason)
        if before is not None and same and before.grave >= grave:
            watched.trouble = replace(before, at=at, run=run)
            return self._again(watched, now)
        watched.trouble = Trouble(kind=kind, reason=reason, at=at, told_at=now, run=run, grave=grave)
        return [(watched.pipeline.name, kind)]

    def _again(self, watched: Watched, now: datetime) -> list[Told]:
        """Return that a trouble is told again, where it was told last long enough ago."""
        if watched.trouble is None or now - watched.trouble.told_at < REPEAT_EVERY:
            return []
        watched.trouble.told_at = now
        return [(watched.pipeline.name, "again")]


def stuck_from(attempt: Attempt) -> datetime:
    """Return when a run has not moved for longer than it may, which is half an hour."""
    assert attempt.stands is not None
    return attempt.end - attempt.stands + timedelta(minutes=31)
