"""What an alert says: what, when, why, since when, what it means, what happens next and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.core.alert import Alert, State
from tocsin.core.codec import encode
from tocsin.core.dependency import impact_text
from tocsin.core.excerpt import excerpt
from tocsin.core.explain import reason as reason_of
from tocsin.core.finding import Kind, Topic
from tocsin.core.learned_order import LearnedOrder
from tocsin.core.message import Block, Code, Fact, Facts, Message, Paragraph, Tone
from tocsin.core.notify import Reason
from tocsin.core.run import Link, Outcome, Run, Stage
from tocsin.core.severity import Severity
from tocsin.core.words import count, duration, moment, ordinal

TONES = {
    Severity.CRITICAL: Tone.CRITICAL,
    Severity.ERROR: Tone.ERROR,
    Severity.WARNING: Tone.WARNING,
    Severity.INFO: Tone.INFO,
}
#: What the title says when a problem is new, and when it goes on.
_VERBS = {
    Kind.FAILED: ("failed", "still fails"),
    Kind.PARTIAL: ("loaded only a part of its data", "still loads only a part of its data"),
    Kind.EXITED: ("exited early", "still exits early"),
    Kind.INTERRUPTED: ("was interrupted", "was interrupted again"),
    Kind.DIED: ("died", "died again"),
    Kind.PENDING_ONLY: ("loaded only a pending package", "still loads only pending packages"),
    Kind.NOT_STARTED: ("has not started", "has still not started"),
    Kind.LATE: ("is late", "is still late"),
    Kind.STUCK: ("is stuck", "is still stuck"),
    Kind.CHANNEL: ("cannot deliver", "still cannot deliver"),
}
_OVER = {
    Topic.DELIVERY: "recovered",
    Topic.CHANNEL: "delivers again",
    Topic.CHECK: "passes again",
    Topic.SCHEMA: "keeps its new schema",
    Topic.FRESHNESS: "is fresh again",
}
#: Kinds that end with a run. When nothing has run since, nothing has failed again.
_ENDS = frozenset({Kind.FAILED, Kind.PARTIAL, Kind.EXITED, Kind.INTERRUPTED, Kind.DIED, Kind.PENDING_ONLY})
_PLACES = {
    Stage.BEFORE: "before the pipeline ran",
    Stage.SYNC: "sync with the destination",
    Stage.AFTER: "after the pipeline ran",
    Stage.JOB: "watched job",
}
_NAMES = {Topic.CHANNEL: "channel {0}", Topic.CHECK: "check {1} of {0}", Topic.DURATION: "{0} {1}"}
#: Somebody takes care of the problem.
_TAKEN = frozenset({Reason.ACKNOWLEDGED, Reason.PUT_OFF})
#: Environments that go without saying; alerts about channels have none.
UNNAMED = frozenset({"", "default"})
_JOBS = 10


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a message tells beside the alert itself."""

    #: The run that the latest finding is about; None for alerts that are not about a run.
    run: Run | None = None
    #: The last run of the pipeline that went well, before this problem.
    last_success: Run | None = None
    owner: str = ""
    #: Pipelines that wait for this one, nearest first.
    blocks: tuple[str, ...] = ()
    #: Which of that nobody wrote down.
    learned: tuple[LearnedOrder, ...] = ()


def compose(alert: Alert, reason: Reason, around: Surroundings) -> Message:
    """Return the message that tells a channel about an alert.

    Args:
        alert: The alert after its change.
        reason: Why the channel is told.
        around: The facts around it.
    """
    if alert.state is State.RESOLVED:
        blocks = _resolved(alert, around)
    elif reason in _TAKEN:
        blocks = _taken(alert, reason)
    elif alert.topic in {Topic.DELIVERY, Topic.CHANNEL}:
        blocks = _firing(alert, around)
    else:
        blocks = _of_data(alert, around)
    return Message(
        title=_title(alert, reason, around.run),
        tone=_tone(alert, reason),
        blocks=blocks,
        links=(*(around.run.context.links if around.run else ()), *_issue_link(alert)),
        footer=_footer(alert),
        at=alert.resolved_at or alert.last_at,
        alert_id=alert.id,
        severity=alert.severity,
        data=_data(alert, reason, around),
    )


def name_of(alert: Alert) -> str:
    """Return "orders", "orders (prod)", "orders.items", "check paid of orders" or "channel ops"."""
    name = short_name(alert)
    return name if alert.environment in UNNAMED else f"{name} ({alert.environment})"


def short_name(alert: Alert) -> str:
    """Return the name without the environment."""
    return _NAMES.get(alert.topic, "{0}.{1}" if alert.item else "{0}").format(alert.subject, alert.item).rstrip()


def _title(alert: Alert, reason: Reason, run: Run | None) -> str:
    name = name_of(alert)
    if alert.resolved_by is not None:
        return f"{name}: resolved by {alert.resolved_by}"
    if alert.state is State.RESOLVED:
        lasted = duration((alert.resolved_at or alert.last_at) - alert.since)
        return f"{name} {_OVER.get(alert.topic, 'is as usual again')} after {lasted}"
    if reason is Reason.ACKNOWLEDGED:
        return f"{name}: acknowledged by {alert.acknowledged_by}"
    if reason is Reason.PUT_OFF and alert.snoozed_until is not None:
        return f"{name}: snoozed by {alert.snoozed_by} until {moment(alert.snoozed_until)}"
    if reason is Reason.FLAPPING:
        within = duration(alert.opened[-1] - alert.opened[0])
        return f"{name} comes and goes: {len(alert.opened)} times within {within}"
    if alert.kind not in _VERBS:
        again = f" ({ordinal(alert.occurrences)} time in a row)" if alert.occurrences > 1 else ""
        return f"{name}: {alert.summary}{again}"
    verb, still = _VERBS[alert.kind]
    if reason in {Reason.REPEAT, Reason.SNOOZE_OVER}:
        verb = f"{verb} and has not recovered" if alert.occurrences == 1 and alert.kind in _ENDS else still
    if reason is Reason.REASON_CHANGED:
        verb += " for another reason"
    often = [_attempt(run), f"{ordinal(alert.occurrences)} time in a row" if alert.occurrences > 1 else ""]
    more = ", ".join(part for part in often if part)
    return f"{name} {verb} ({more})" if more else f"{name} {verb}"


def _attempt(run: Run | None) -> str:
    if run is None or max(run.attempt, run.max_attempts or 1) == 1:
        return ""
    return f"attempt {run.attempt}" + (f" of {run.max_attempts}" if run.max_attempts else "")


def _tone(alert: Alert, reason: Reason) -> Tone:
    if alert.state is State.RESOLVED:
        return Tone.GOOD
    return Tone.ACKNOWLEDGED if reason in _TAKEN else TONES[alert.severity]


def _firing(alert: Alert, around: Surroundings) -> tuple[Block, ...]:
    run = around.run
    facts = []
    if run is not None:
        facts += [_fact("What", _what(run)), _fact("Task", run.context.task), _fact("When", _when(run))]
    facts += [
        _fact("Why", _why(alert, run)),
        _fact("Note", (run.note or "") if run is not None else ""),
        _fact("Since", _since(alert)),
        _fact("Impact", _impact(alert, around)),
        _fact("Next", _next(run)),
        _fact("Owner", around.owner),
        _issue(alert),
        *(_fact(label, value) for label, value in (alert.evidence or {}).items()),
    ]
    blocks: list[Block] = [Facts(items=tuple(fact for fact in facts if fact.value))]
    if alert.hint:
        blocks.append(Paragraph(label="Do", text=alert.hint))
    if run is not None and run.failed_jobs:
        blocks.append(Code(label="Failed jobs", code=_failed_jobs(run)))
    elif run is not None and run.cause is not None and run.cause.traceback:
        blocks.append(Code(label="Error", code=excerpt(run.cause.traceback)))
    if run is not None and run.context.log_path:
        blocks.append(Facts(items=(_fact("Log", f"{run.context.log_path}, or type: tocsin show {run.id[:8]}"),)))
    return tuple(blocks)


def _of_data(alert: Alert, around: Surroundings) -> tuple[Block, ...]:
    """Tell what is wrong with data that have arrived: the run went well, so it is the least of it."""
    run = around.run
    target = ".".join(part for part in (run.destination, run.dataset) if part) if run is not None else ""
    loaded = f"run {run.id[:8]}, {moment(run.ended_at or run.started_at)}" if run is not None else ""
    facts = [
        *(_fact(label, value) for label, value in (alert.evidence or {}).items()),
        _fact("Found in", f"{loaded} → {target}" if loaded and target else loaded),
        _fact("Since", _since(alert)),
        _fact("Owner", around.owner),
    ]
    blocks: list[Block] = [Facts(items=tuple(fact for fact in facts if fact.value))]
    if alert.hint:
        blocks.append(Paragraph(label="Do", text=alert.hint))
    blocks += [Code(label=label, code=code) for label, code in alert.code.items() if code]
    return tuple(blocks)


def _resolved(alert: Alert, around: Surroundings) -> tuple[Block, ...]:
    facts = [
        _fact("Now", "" if alert.resolution == f"resolved by {alert.resolved_by}" else alert.resolution or "over"),
        _fact("Was", alert.summary),
        _fact("Lasted", f"{moment(alert.since)} to {moment(alert.resolved_at or alert.last_at)}"),
        _fact(
            "Times",
            f"{count(alert.occurrences, 'run')} in a row" if alert.occurrences > 1 and alert.kind in _ENDS else "",
        ),
        _fact("Owner", around.owner),
    ]
    return (Facts(items=tuple(fact for fact in facts if fact.value)),)


def _taken(alert: Alert, reason: Reason) -> tuple[Block, ...]:
    facts = [_fact("What", alert.summary), _fact("Since", _since(alert)), _issue(alert)]
    text = "You will hear again when the problem changes or ends"
    text += ", or the snooze does." if reason is Reason.PUT_OFF else "."
    return (Facts(items=tuple(fact for fact in facts if fact.value)), Paragraph(text=text))


def _issue(alert: Alert) -> Fact:
    """Return where the problem is dealt with, unless that is a link."""
    return _fact("Known issue", "" if _issue_link(alert) else alert.known_issue)


def _issue_link(alert: Alert) -> tuple[Link, ...]:
    address = alert.known_issue.startswith(("https://", "http://")) and " " not in alert.known_issue
    return (Link(label="Known issue", url=alert.known_issue),) if address else ()


def _what(run: Run) -> str:
    if run.stage is Stage.JOB and run.context.task:
        return ""
    cause = run.cause
    place = [_PLACES.get(run.stage, str(run.stage))]
    if cause is not None and run.stage not in _PLACES:
        if cause.resource:
            place.append(f"of resource {cause.resource}")
        if cause.table and cause.table != cause.resource:
            place.append(f"into table {cause.table}" + (f", column {cause.column}" if cause.column else ""))
    if run.context.pinged and run.context.host:
        place.append(f"that pings from {run.context.host}")
    target = ".".join(part for part in (run.destination, run.dataset) if part)
    loaded = f", {count(run.rows, 'row')} sent" if run.rows else ""
    return " ".join(place) + (f" → {target}" if target else "") + loaded


def _when(run: Run) -> str:
    if run.outcome is Outcome.RUNNING:
        return f"began {moment(run.started_at)}"
    said = "last sign of life " if run.outcome is Outcome.DIED else ""
    after = f", {duration(run.duration)} after its start" if run.duration else ""
    return f"{said}{moment(run.ended_at or run.started_at)}{after}"


def _why(alert: Alert, run: Run | None) -> str:
    """Return the reason with its class and place; "What" tells the rest of the alert's sentence."""
    cause = run.cause if run is not None and alert.kind in _ENDS else None
    if cause is None or not (why := reason_of(cause)):
        return alert.summary
    place = f", at {cause.location}" if cause.location and cause.location not in why else ""
    return f"{why} ({cause.cause_class.value.replace('_', ' ')}{place})"


def _since(alert: Alert) -> str:
    if alert.flapping:
        return f"{moment(alert.since)}, comes and goes; each turn is not told"
    if alert.occurrences == 1:
        return f"{moment(alert.since)}, for the first time"
    lasted = duration(alert.last_at - alert.since)
    return f"{moment(alert.since)}, {alert.occurrences:,} times in a row over {lasted}"


def _impact(alert: Alert, around: Surroundings) -> str:
    if alert.topic is Topic.CHANNEL:
        return "what it cannot deliver is told to other channels"
    if around.last_success is None:
        known = "no earlier run is known that went well"
    else:
        known = f"data is complete up to the run of {moment(around.last_success.started_at)}"
    blocked = impact_text(around.blocks, around.learned)
    return f"{known}; {blocked}" if blocked else known


def _next(run: Run | None) -> str:
    if run is None:
        return ""
    parts = []
    if (allowed := run.max_attempts or 1) > 1:
        more = run.attempt < allowed
        # Where tenacity tries again inside of an orchestrator's attempt, its own pause counts, which nobody knows.
        delay = run.context.retry_delay if run.max_attempts == run.context.max_attempts else None
        at = f" at {moment(run.ended_at + delay)}" if delay is not None and run.ended_at is not None else ""
        parts.append(f"attempt {run.attempt + 1} of {allowed} is expected{at}" if more else "no retry is left")
    if run.pending_packages and run.outcome is not Outcome.PARTIAL:
        parts.append("the next run loads only what is pending and extracts nothing new")
    return "; ".join(parts)


def _failed_jobs(run: Run) -> str:
    lines = [f"{job.table}: {(job.message.strip() or job.job).splitlines()[0][:200]}" for job in run.failed_jobs]
    more = [f"+{len(lines) - _JOBS} more"] if len(lines) > _JOBS else []
    return "\n".join([*lines[:_JOBS], *more])


def _footer(alert: Alert) -> str:
    environment = f" · {alert.environment}" if alert.environment not in UNNAMED else ""
    command = f" · tocsin ack {alert.id[:8]}" if alert.state is State.FIRING else ""
    return f"Tocsin · alert {alert.id[:8]}{environment}{command}"


def _data(alert: Alert, reason: Reason, around: Surroundings) -> dict[str, object]:
    return {
        "alert": encode(alert),
        "reason": reason.value,
        "run": encode(around.run) if around.run is not None else None,
        "owner": around.owner,
        "blocks": list(around.blocks),
    }


def _fact(label: str, value: str) -> Fact:
    return Fact(label=label, value=value)
