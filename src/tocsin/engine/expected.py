"""What is expected of pipelines: schedules become slots, and slots whose time has come are judged."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tocsin.core.alert import Alert
from tocsin.core.attribution import settle
from tocsin.core.dependency import Graph
from tocsin.core.expectation import Expectation
from tocsin.core.finding import Finding, Topic, fingerprint
from tocsin.core.rules.lateness import judge_finish, judge_start, released
from tocsin.core.run import Context, Outcome, Run
from tocsin.core.slot import Slot, SlotState
from tocsin.core.words import moment
from tocsin.engine.configured import schedules_taken, take_schedules
from tocsin.engine.declared import take_declared
from tocsin.engine.engine import Engine
from tocsin.engine.evaluate import Found, advance_alerts, owned
from tocsin.engine.learned import learn_schedule
from tocsin.engine.order import learn_upstreams, order_above
from tocsin.engine.upstreams import hold_of
from tocsin.store.protocol import Transaction

#: Pipelines, or slots, that one transaction handles: few enough that other writers need not wait long.
_BATCH = 500
#: Slots of one pipeline that one transaction computes. More are missing only after a long standstill.
_AT_ONCE = 100
#: Slots that are looked at together when a run has begun or ended, because it can make up for one of them.
_WINDOW = 20
#: The newest attempts that may belong to these slots.
_ATTEMPTS = 100
#: A slot that is held up is looked at again after so long.
_HELD = timedelta(minutes=1)
#: Runs that the figures of one that is late are compared with.
_HISTORY = 30
_LAST_LOOK = "last look at the slots"
_INSTANT = timedelta(microseconds=1)


def look_at_slots(engine: Engine) -> int:
    """Compute the slots that have come, judge those whose deadline has passed, and return how many runs are overdue.

    The cost follows what is due: both plans are indexes, and a batch of pipelines is read and written together.

    Raises:
        StoreError: The store cannot be read or written; the plan stays as it was.
    """
    now = engine.clock()
    last_look: datetime | None = None
    overdue, done = 0, False
    while not done:
        # What is due fits into one transaction nearly always, and each is a wait for the disk and for other writers.
        with engine.store.writing() as tx:
            if taken := schedules_taken(engine, tx):
                last_look = last_look or looked_last(tx) or now
                found, done = _look(engine, tx, now, last_look)
                overdue += found
        if not taken:
            take_schedules(engine, now)
    return overdue


def looked_last(tx: Transaction) -> datetime | None:
    """Return when Tocsin looked last at what is expected; None where it never did."""
    looked = tx.recall(_LAST_LOOK)
    return datetime.fromisoformat(looked) if looked else None


def settle_runs(engine: Engine, tx: Transaction, moved: Sequence[Run]) -> None:
    """Let the slots of pipelines know that a run of each began or ended, and hear their schedules, or learn them."""
    known = tx.expectations_of({(run.pipeline, run.environment) for run in moved}) if moved else {}
    for run in moved:
        _settle_run(engine, tx, run, known.get((run.pipeline, run.environment)))


def _settle_run(engine: Engine, tx: Transaction, run: Run, known: Expectation | None) -> None:
    now = engine.clock()
    known = take_declared(engine, tx, run, known)
    if known is not None:
        last_look = looked_last(tx) or now
        # The slot of a run that takes long may lie far back.
        begun = min(run.started_at, now)
        _settle(tx, [run.pipeline], run.environment, now, last_look=last_look, since=begun, least=_WINDOW, plan={})
    if run.outcome.ok and engine.config.pipeline(run.pipeline).schedule is None:
        learn_schedule(engine, tx, run, known, now)
    if run.outcome is not Outcome.RUNNING:
        learn_upstreams(engine, tx, run)


def _look(engine: Engine, tx: Transaction, now: datetime, last_look: datetime) -> tuple[int, bool]:
    """Handle one batch of what is due; return how many runs of it are overdue, and whether nothing is left."""
    if not _compute_slots(tx, now):
        return 0, False
    overdue, done = _judge_due(engine, tx, now, last_look)
    if done:
        tx.remember(_LAST_LOOK, now.isoformat())
    return overdue, done


def _compute_slots(tx: Transaction, now: datetime) -> bool:
    """Store the slots of one batch of pipelines that are due by now; return whether no more are due."""
    due = tx.due_expectations(now, limit=_BATCH)
    made: list[Slot] = []
    advanced = []
    for each in due:
        slots, following = each.come(now, most=_AT_ONCE)
        made += slots
        advanced.append(following)
    tx.save_slots(made, check_at={slot.id: slot.start_by for slot in made})
    tx.save_expectations(advanced)
    left = any(each.next_slot_at is not None and each.next_slot_at <= now for each in advanced)
    return len(due) < _BATCH and not left


def _judge_due(engine: Engine, tx: Transaction, now: datetime, last_look: datetime) -> tuple[int, bool]:
    """Judge one batch of slots whose time has come; return with how many something is wrong, and if none is left."""
    overdue = 0
    due = tx.due_slots(now, limit=_BATCH)
    # What nobody expects any more is not judged, and is off the plan.
    plan: _Plan = {slot.id: (slot, None) for slot in due}
    for environment in dict.fromkeys(slot.environment for slot in due):
        here = [slot for slot in due if slot.environment == environment]
        names = {slot.pipeline for slot in here}
        earliest = min(slot.due_at for slot in here)
        settled = _settle(tx, names, environment, now, last_look=last_look, since=earliest, least=1, plan=plan)
        contexts = tx.last_contexts(settled, environment)
        keys = {name: fingerprint(Topic.DELIVERY, environment, name) for name in settled}
        alerts = tx.open_alerts(keys.values())
        graph = order_above(engine, tx, settled, environment)
        found = []
        for name, slots in settled.items():
            judgement = _Judgement(
                engine=engine,
                tx=tx,
                graph=graph,
                now=now,
                last_look=last_look,
                plan=plan,
                last_context=contexts.get(name),
                alert=alerts.get(keys[name]),
            )
            found += judgement.judge([slot for slot in slots if slot.id in plan])
        advance_alerts(engine, tx, found)
        overdue += len(found)
    _save(tx, plan)
    return overdue, len(due) < _BATCH


#: Slots to save, and when each has to be looked at next.
_Plan = dict[str, tuple[Slot, datetime | None]]


def _settle(
    tx: Transaction,
    pipelines: Collection[str],
    environment: str,
    now: datetime,
    *,
    last_look: datetime,
    since: datetime,
    least: int,
    plan: _Plan,
) -> Mapping[str, Sequence[Slot]]:
    """Say of the slots since then, the one before and at least so many, which run is theirs and what became of them.

    What has changed is saved at once, because downstreams ask for it, and put into the plan.
    """
    known = tx.slots_of(pipelines, environment, since=since, least=least)
    if not known:
        return {}
    first = min(slots[0].opens_at for slots in known.values())
    starts = tx.starts_of(known, environment, since=first, most=_ATTEMPTS)
    settled = {}
    changed: _Plan = {}
    for name, slots in known.items():
        possible = [one for one in starts.get(name, ()) if (one.ended_at or now) >= slots[0].opens_at]
        settled[name] = settle([_seen(slot, last_look, now) for slot in slots], possible, now=now)
        for slot, before in zip(settled[name], slots, strict=True):
            if slot != before:
                # A deadline that has passed since the last look is not judged yet.
                changed[slot.id] = (slot, _next_check(slot, min(last_look, now)))
    _save(tx, changed)
    plan |= changed
    return settled


def _seen(slot: Slot, last_look: datetime, now: datetime) -> Slot:
    """Return a slot that knows whether anybody looked when its grace ended."""
    left_out = slot.state is SlotState.EXPECTED and slot.is_left_out(last_look, now)
    return replace(slot, unwatched=True) if left_out else slot


def _save(tx: Transaction, plan: _Plan) -> None:
    check_at = {slot_id: at for slot_id, (_, at) in plan.items() if at is not None}
    tx.save_slots([slot for slot, _ in plan.values()], check_at=check_at)


@dataclass(kw_only=True)
class _Judgement:
    """Finds out what went wrong with the slots of one pipeline."""

    engine: Engine
    tx: Transaction
    #: Who is upstream of whom.
    graph: Graph
    now: datetime
    #: When Tocsin has looked last.
    last_look: datetime
    plan: _Plan
    #: Where the newest run of the pipeline ran.
    last_context: Context | None
    #: The open delivery alert of the pipeline.
    alert: Alert | None
    missed: list[Slot] = field(default_factory=list)

    def judge(self, slots: Sequence[Slot]) -> list[Found]:
        """Judge slots in their order, and return what is wrong with the last one that anything is wrong with.

        Slots that were missed are told with the next one.
        """
        found: list[Found] = []
        for slot in slots:
            missed = slot.state in {SlotState.MISSED, SlotState.UNKNOWN}
            if missed and slot is not slots[-1]:
                self.missed.append(slot)
            elif missed or not slot.state.resolved:
                found = self._judge_one(slot) or found
        return found

    def _judge_one(self, slot: Slot) -> list[Found]:
        hold = hold_of(self.graph, self.tx, slot, self.now)
        history = self._history(slot)
        run = next((one for one in history if slot.logical_id in {one.logical_id, one.id}), None)
        finding = judge_finish(
            slot, run, self.now, history=history, hold=hold, open_alert=self.alert, last_context=self.last_context
        ) or judge_start(slot, self.now, hold=hold, missed=self.missed, last_context=self.last_context)
        # A hold ends whenever its upstream is well, and moves the deadlines of the slot by then.
        held = hold is not None and hold.released_at is None and not slot.state.resolved
        check_at = self.now + _HELD if held else _next_check(released(slot, hold, run), self.now)
        self.plan[slot.id] = (slot, check_at)
        first, self.missed = (self.missed[0] if self.missed else slot), []
        if finding is None or not self.engine.config.pipeline(slot.pipeline).enabled:
            return []
        told = _with_own_outage(finding, first, self.now, self.last_look)
        if self.last_context is not None:
            told = owned(self.engine, told, self.last_context)
        return [Found(finding=told, alert=self.alert, run=run)]

    def _history(self, slot: Slot) -> Sequence[Run]:
        """Return the newest runs, the slot's own among them; none where nothing began for it."""
        if slot.logical_id is None:
            return ()
        return self.tx.runs(pipeline=slot.pipeline, environment=slot.environment, limit=_HISTORY)


def _with_own_outage(finding: Finding, first: Slot, now: datetime, last_look: datetime) -> Finding:
    """Say so where Tocsin itself did not look when the first deadline passed."""
    if not first.is_left_out(last_look, now):
        return finding
    gap = f"Tocsin did not look from {moment(last_look)} to {moment(now)}, so this is told late"
    return replace(finding, evidence={**finding.evidence, "Note": gap})


def _next_check(slot: Slot, since: datetime) -> datetime | None:
    """Return the first deadline of a slot since then; None where nothing can go wrong with it any more."""
    if slot.state.resolved:
        return None
    deadlines = (slot.start_by if slot.state is SlotState.EXPECTED else None, slot.finish_by)
    return min((at + _INSTANT for at in deadlines if at is not None and at >= since), default=None)
