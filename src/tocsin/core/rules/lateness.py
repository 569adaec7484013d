"""Did the run that was expected begin, and end, in time? And if not, why?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from tocsin.core.alert import Alert
from tocsin.core.dependency import Hold
from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.late_hints import hint_to_start, hint_to_wait
from tocsin.core.rules.stall import is_still
from tocsin.core.run import Context, Outcome, Run
from tocsin.core.schedules.zone import zone
from tocsin.core.severity import Severity
from tocsin.core.slot import Slot, SlotState
from tocsin.core.traits import traits_of
from tocsin.core.unusual import estimate_end, find_unusual
from tocsin.core.words import count, duration

#: Kinds that say more about a slot than that it is late: its run has ended, and badly.
_ENDED = frozenset(
    {Kind.FAILED, Kind.PARTIAL, Kind.EXITED, Kind.INTERRUPTED, Kind.DIED, Kind.PENDING_ONLY},
)


def judge_start(
    slot: Slot,
    now: datetime,
    *,
    hold: Hold | None = None,
    missed: Sequence[Slot] = (),
    last_context: Context | None = None,
) -> Finding | None:
    """Return that nothing began for a slot although its grace has passed.

    A pipeline that an upstream holds up is told of in the upstream's alert. From the moment at which it is released it
    has its whole grace again. Once `finish_by` has passed, `judge_finish` speaks.

    Args:
        slot: The slot, with what became of it.
        now: The present, aware.
        hold: What its upstreams have to do with it.
        missed: Slots before this one that nothing began for and that nobody was told of, oldest first.
        last_context: Where the newest run of the pipeline ran, for the hint.
    """
    if slot.state not in {SlotState.EXPECTED, SlotState.MISSED, SlotState.UNKNOWN} or _held(hold):
        return None
    moved = released(slot, hold)
    overdue = slot.state is SlotState.EXPECTED and moved.finish_by is not None and now > moved.finish_by
    if now <= moved.start_by or overdue:
        return None
    grace = slot.start_by - slot.due_at
    text = f"not started: expected at {_clock(slot.due_at, slot, now)}"
    text += f", start grace of {duration(grace)} passed" if grace else ""
    if missed:
        text += f", and {count(len(missed), 'run')} before it since {_clock(missed[0].due_at, slot, now)}"
    return _finding(
        slot,
        now,
        kind=Kind.NOT_STARTED,
        severity=_severity(slot),
        summary=text,
        hint=hint_to_start(slot.pipeline, last_context, learned=slot.schedule.learned),
        reason_key="not started",
        evidence=_schedule_facts(slot, moved, hold, now),
    )


def judge_finish(
    slot: Slot,
    run: Run | None,
    now: datetime,
    *,
    history: Sequence[Run] = (),
    hold: Hold | None = None,
    open_alert: Alert | None = None,
    last_context: Context | None = None,
) -> Finding | None:
    """Return that the run of a slot is not done although `finish_by` has passed, and why as far as its figures tell.

    A failure says more than lateness, and so does standing still: where the open alert is about a bad end in the time
    of this slot, or about this run being stuck, it is not turned back into a late one.

    Args:
        slot: The slot, with what became of it.
        run: The newest attempt of its run, or None where nothing began.
        now: The present, aware.
        history: Earlier runs of the pipeline in its environment, to tell what is usual.
        hold: What its upstreams have to do with it.
        open_alert: The open delivery alert of the pipeline, or None.
        last_context: Where the newest run of the pipeline ran, for the hint where nothing began.
    """
    if slot.state not in {SlotState.EXPECTED, SlotState.STARTED}:
        return None
    if _held(hold) if run is None else run.outcome is not Outcome.RUNNING or is_still(run, open_alert):
        return None
    moved = released(slot, hold, run)
    if moved.finish_by is None or now <= moved.finish_by or _has_failed(slot, open_alert):
        return None
    deadline = f"should have ended by {_clock(moved.finish_by, slot, now)}"
    facts = _schedule_facts(slot, moved, hold, now)
    if run is None:
        return _finding(
            slot,
            now,
            kind=Kind.LATE,
            severity=_severity(slot),
            summary=f"{deadline} and has not even started",
            hint=hint_to_start(slot.pipeline, last_context, learned=slot.schedule.learned),
            reason_key="late, not started",
            evidence=facts,
        )
    unusual = find_unusual(run, now, history)
    began_late = run.started_at > moved.start_by
    began = f"it began at {_clock(run.started_at, slot, now)}; " if began_late else ""
    return _finding(
        slot,
        now,
        kind=Kind.LATE,
        severity=Severity.WARNING,
        summary=f"{deadline} and still runs: {began}{unusual.text}",
        hint=hint_to_wait(run, unusual, began_late=began_late),
        reason_key="late",
        run=run,
        evidence={**_progress_facts(run, now, history), **facts},
    )


def released(slot: Slot, hold: Hold | None, run: Run | None = None) -> Slot:
    """Return a slot with the deadlines that count: they begin anew when what held it up is over.

    Args:
        slot: The slot with its own deadlines.
        hold: What its upstreams have to do with it.
        run: Its run. One that did not wait for its upstreams has its deadlines as they were.
    """
    if hold is None or hold.released_at is None or (run is not None and run.started_at < hold.released_at):
        return slot
    shift = max(hold.released_at - slot.due_at, timedelta(0))
    finish_by = slot.finish_by + shift if slot.finish_by is not None else None
    return replace(slot, start_by=slot.start_by + shift, finish_by=finish_by)


def _held(hold: Hold | None) -> bool:
    return hold is not None and hold.released_at is None


def _has_failed(slot: Slot, alert: Alert | None) -> bool:
    """Return whether the open alert tells of a bad end of this slot's run, or of another run in the slot's time."""
    if alert is None or alert.kind not in _ENDED:
        return False
    return alert.last_at >= slot.due_at or (bool(alert.logical_id) and alert.logical_id == slot.logical_id)


def _severity(slot: Slot) -> Severity:
    # A schedule that was learned is a guess.
    return Severity.WARNING if slot.schedule.learned else Severity.ERROR


def _schedule_facts(slot: Slot, moved: Slot, hold: Hold | None, now: datetime) -> dict[str, str]:
    schedule = slot.schedule
    source = f" ({schedule.source})" if schedule.source else ""
    facts = {"Schedule": f"{schedule.text}, {schedule.timezone}{source}"}
    if moved != slot and hold is not None and hold.released_at is not None:
        learned = f" ({hold.learned})" if hold.learned is not None else ""
        done = f"{hold.upstream} was done at {_clock(hold.released_at, slot, now)}"
        facts["Upstream"] = f"{done}; time counts from then{learned}"
    return facts


def _progress_facts(run: Run, now: datetime, history: Sequence[Run]) -> Mapping[str, str]:
    facts = {}
    progress = run.progress
    if progress is not None:
        subject = f" of {progress.subject}" if progress.subject else ""
        total = f" of {progress.total:,}" if progress.total is not None else ""
        moved = duration(now - progress.moved_at)
        facts["Progress"] = f"{progress.stage}{subject}: {progress.done:,}{total} done, moved {moved} ago"
    estimate = estimate_end(run, now, history)
    if estimate is not None:
        facts["Estimate"] = estimate
    return facts


def _clock(at: datetime, slot: Slot, now: datetime) -> str:
    """Return "06:00 Europe/Berlin", with the day where it is not today's there."""
    timezone = zone(slot.schedule.timezone)
    local = at.astimezone(timezone)
    day = "" if local.date() == now.astimezone(timezone).date() else f"{local.day} {local:%b %Y} "
    return f"{day}{local:{'%H:%M:%S' if local.second else '%H:%M'}} {slot.schedule.timezone}"


def _finding(
    slot: Slot,
    now: datetime,
    *,
    kind: Kind,
    severity: Severity,
    summary: str,
    hint: str,
    reason_key: str,
    evidence: Mapping[str, str],
    run: Run | None = None,
) -> Finding:
    return Finding(
        kind=kind,
        topic=Topic.DELIVERY,
        subject=slot.pipeline,
        environment=slot.environment,
        severity=severity,
        at=now,
        summary=summary,
        hint=hint,
        reason_key=reason_key,
        stage=run.stage if run is not None else None,
        run_id=run.id if run is not None else None,
        # While there is no run, its slot stands for it: the same absence is one occurrence.
        logical_id=run.logical_id if run is not None else slot.id,
        evidence=evidence,
        traits=traits_of(run) if run is not None else {},
    )
