"""What is expected of pipelines: schedules become slots, and slots whose time has come are judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.core.alert import fingerprint
from tocsin.core.attribution import Origin, Start, settle
from tocsin.core.cadence import learn
from tocsin.core.expectation import Expectation
from tocsin.core.finding import Finding, Topic
from tocsin.core.rules.lateness import judge_finish, judge_start, released
from tocsin.core.run import Outcome, Run
from tocsin.core.schedule import slots_after
from tocsin.core.slot import Slot, SlotState, expect
from tocsin.core.words import moment
from tocsin.engine.engine import Engine
from tocsin.engine.evaluate import advance_alert
from tocsin.engine.upstreams import hold_of
from tocsin.store.protocol import Transaction

#: Pipelines that one transaction handles: few enough that other writers need not wait long.
_BATCH = 200
#: Slots that are looked at together; a run can make up for one of them.
_WINDOW = 20
#: A slot that is held up is looked at again after so long.
_HELD = timedelta(minutes=1)
#: Runs that a schedule is learned from, and what their figures are compared with.
_HISTORY = 30
_GOOD = frozenset(outcome for outcome in Outcome if outcome.ok)
_LAST_LOOK = "last look at the slots"
_INSTANT = timedelta(microseconds=1)


def look_at_slots(engine: Engine) -> int:
    """Compute the slots that have come, judge those whose deadline has passed, and return how many were judged.

    The cost follows what is due: both plans are indexes.

    Raises:
        StoreError: The store cannot be read or written; the plan stays as it was.
    """
    now = engine.clock()
    with engine.store.writing() as tx:
        _expect_configured(engine, tx, now)
        last_look = tx.recall(_LAST_LOOK)
    since = datetime.fromisoformat(last_look) if last_look else now
    while _compute_slots(engine, now):
        pass
    judged = 0
    while batch := _judge_due(engine, now, since):
        judged += batch
    with engine.store.writing() as tx:
        tx.remember(_LAST_LOOK, now.isoformat())
    return judged


def settle_run(engine: Engine, tx: Transaction, run: Run) -> None:
    """Let the slots of a pipeline know that one of its runs began or ended, and learn its schedule from it."""
    now = engine.clock()
    if tx.expectation(run.pipeline, run.environment) is not None:
        _settle(tx, run.pipeline, run.environment, now)
    if run.outcome.ok and engine.config.pipeline(run.pipeline).schedule is None:
        _learn(engine, tx, run, now)


def _expect_configured(engine: Engine, tx: Transaction, now: datetime) -> None:
    """Bring the expectations in line with the configuration; what has not changed is left alone."""
    environment = engine.config.environment
    changed = []
    for name, pipeline in engine.config.pipelines.items():
        if pipeline.schedule is None or not pipeline.enabled:
            continue
        known = tx.expectation(name, environment)
        wanted = Expectation(
            pipeline=name,
            environment=environment,
            schedule=pipeline.schedule,
            start_within=pipeline.start_within,
            finish_within=pipeline.finish_within,
            anchor=known.anchor if known else now,
            computed_to=known.computed_to if known else now,
            next_slot_at=known.next_slot_at if known else None,
        )
        if wanted != known:
            changed.append(_planned(replace(wanted, computed_to=now)))
    tx.save_expectations(changed)


def _learn(engine: Engine, tx: Transaction, run: Run, now: datetime) -> None:
    """Expect of a pipeline without a schedule what it has done so far, once that is regular enough."""
    history = tx.runs(pipeline=run.pipeline, environment=run.environment, outcomes=_GOOD, limit=_HISTORY)
    starts = {one.logical_id or one.id: one.started_at for one in history if _origin(one) is Origin.SCHEDULE}
    learned = learn(list(starts.values()), timezone=engine.config.timezone)
    known = tx.expectation(run.pipeline, run.environment)
    if learned is None:
        if known is not None and known.schedule.source.startswith("learned"):
            tx.drop_expectation(run.pipeline, run.environment)
        return
    if known is not None and known.schedule.text == learned.schedule.text:
        # The same as before: only the number of runs has grown, and the plan stays.
        tx.save_expectations([replace(known, schedule=learned.schedule, start_within=learned.start_within)])
        return
    expectation = Expectation(
        pipeline=run.pipeline,
        environment=run.environment,
        schedule=learned.schedule,
        start_within=learned.start_within,
        anchor=learned.anchor or now,
        computed_to=now,
    )
    tx.save_expectations([_planned(expectation)])


def _planned(expectation: Expectation) -> Expectation:
    following = slots_after(expectation.schedule, expectation.computed_to, anchor=expectation.anchor)
    return replace(expectation, next_slot_at=next(following, None))


def _compute_slots(engine: Engine, now: datetime) -> int:
    """Store the slots of one batch of pipelines that are due by now; return how many pipelines that was."""
    with engine.store.writing() as tx:
        due = tx.due_expectations(now, limit=_BATCH)
        made: list[Slot] = []
        advanced = []
        for each in due:
            slots = list(
                expect(
                    each.schedule,
                    pipeline=each.pipeline,
                    environment=each.environment,
                    after=each.computed_to,
                    until=now,
                    start_within=each.start_within,
                    finish_within=each.finish_within,
                    anchor=each.anchor,
                )
            )
            made += slots
            advanced.append(_planned(replace(each, computed_to=slots[-1].due_at if slots else now)))
        tx.save_slots(made, check_at={slot.id: slot.start_by for slot in made})
        tx.save_expectations(advanced)
    return len(due)


def _judge_due(engine: Engine, now: datetime, since: datetime) -> int:
    """Judge one batch of slots whose time has come; return how many that was."""
    with engine.store.writing() as tx:
        due = tx.due_slots(now, limit=_BATCH)
        for pipeline, environment in {(slot.pipeline, slot.environment): None for slot in due}:
            ids = {slot.id for slot in due if (slot.pipeline, slot.environment) == (pipeline, environment)}
            _judge(engine, tx, _settle(tx, pipeline, environment, now), ids, now, since)
    return len(due)


def _settle(tx: Transaction, pipeline: str, environment: str, now: datetime) -> list[Slot]:
    """Say of the latest slots which run is theirs and what became of them; return them, oldest first."""
    slots = list(reversed(tx.slots(pipeline, environment, limit=_WINDOW)))
    if not slots:
        return []
    runs = tx.runs(pipeline=pipeline, environment=environment, limit=_WINDOW * 5)
    starts = [_start(run) for run in runs if (run.ended_at or now) >= slots[0].opens_at]
    settled = settle(slots, starts, now=now)
    changed = [slot for slot, before in zip(settled, slots, strict=True) if slot != before]
    tx.save_slots(changed, check_at={slot.id: at for slot in changed if (at := _next_check(slot, now)) is not None})
    return settled


def _judge(engine: Engine, tx: Transaction, slots: list[Slot], due: set[str], now: datetime, since: datetime) -> None:
    """Find out what went wrong with the slots of one pipeline that are due; missed ones are told with the next."""
    missed: list[Slot] = []
    *sooner, latest = [slot for slot in slots if slot.id in due]
    for slot in (*sooner, latest):
        if slot.state is SlotState.MISSED and slot is not latest:
            missed.append(slot)
            tx.save_slots([slot], check_at={})
        else:
            _judge_one(engine, tx, slot, missed, now, since)
            missed = []


def _judge_one(engine: Engine, tx: Transaction, slot: Slot, missed: list[Slot], now: datetime, since: datetime) -> None:
    name, environment = slot.pipeline, slot.environment
    open_alert = tx.open_alert(fingerprint(Topic.DELIVERY, environment, name))
    hold = hold_of(engine, tx, slot, now)
    history = tx.runs(pipeline=name, environment=environment, limit=_HISTORY)
    last_run = next(iter(history), None)
    run = next((one for one in history if slot.logical_id in {one.logical_id, one.id}), None)
    finding = judge_finish(
        slot, run, now, history=history, hold=hold, open_alert=open_alert, last_run=last_run
    ) or judge_start(slot, now, hold=hold, missed=missed, last_run=last_run)
    # A hold ends whenever its upstream is well, and moves the deadlines of the slot by then.
    held = hold is not None and hold.released_at is None and not slot.state.resolved
    check_at = now + _HELD if held else _next_check(released(slot, hold, run), now)
    tx.save_slots([slot], check_at={slot.id: check_at} if check_at is not None else {})
    if finding is not None and engine.config.pipeline(name).enabled:
        advance_alert(engine, tx, _with_own_outage(finding, missed[0] if missed else slot, now, since), run)


def _with_own_outage(finding: Finding, first: Slot, now: datetime, since: datetime) -> Finding:
    """Say so where Tocsin itself did not look when the first deadline passed."""
    if since >= first.start_by or now - since < _HELD:
        return finding
    gap = f"Tocsin did not look from {moment(since)} to {moment(now)}, so this is told late"
    return replace(finding, evidence={**finding.evidence, "Note": gap})


def _next_check(slot: Slot, now: datetime) -> datetime | None:
    """Return when a slot has to be looked at next; None where nothing can go wrong with it any more."""
    if slot.state.resolved:
        return None
    deadlines = (slot.start_by if slot.state is SlotState.EXPECTED else None, slot.finish_by)
    return min((at + _INSTANT for at in deadlines if at is not None and at >= now), default=None)


def _start(run: Run) -> Start:
    return Start(
        logical_id=run.logical_id or run.id,
        started_at=run.started_at,
        ended_at=run.ended_at,
        outcome=run.outcome,
        origin=_origin(run),
    )


def _origin(run: Run) -> Origin:
    """Return who started a run, as far as its orchestrator or its terminal tells."""
    kind = run.context.names.get("run_type", "")
    if "backfill" in kind:
        return Origin.BACKFILL
    return Origin.PERSON if run.context.interactive or kind == "manual" else Origin.SCHEDULE
