"""A problem over time. `advance` is the only way in which an alert changes by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.flapping import Damping, openings
from tocsin.core.run import Stage
from tocsin.core.severity import Severity


class State(StrEnum):
    """Where an alert is in its life."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Change(StrEnum):
    """What a finding, a person or time did to an alert."""

    OPENED = "opened"
    #: It comes and goes too often to be another problem each time.
    REOPENED = "reopened"
    #: The same problem now shows in another way: late became failed.
    KIND_CHANGED = "kind changed"
    #: The same kind, for another reason: the 503 became a 401.
    REASON_CHANGED = "reason changed"
    #: The same again, and it matters more: the last attempt failed as well.
    WORSENED = "worsened"
    #: The same again, in another run.
    REPEATED = "repeated"
    #: The same again, in another attempt of the same logical run.
    RETRIED = "retried"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    #: Somebody has said where the problem is dealt with.
    ISSUE_NOTED = "known issue noted"
    RESOLVED = "resolved"
    NOTHING = "nothing"


#: Kinds of a run that has not ended.
_GOES_ON = frozenset({Kind.LATE, Kind.STUCK})


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One problem from its first finding to its resolution.

    A problem that comes back after its resolution is a new alert with the same fingerprint.
    """

    id: str
    fingerprint: str
    topic: Topic
    subject: str
    environment: str
    #: The part of the subject that it is about: a table, a step or a check; empty for the whole.
    item: str = ""
    kind: Kind
    severity: Severity
    state: State
    #: When the first finding was made.
    since: datetime
    #: When the last finding was made.
    last_at: datetime
    #: Logical runs with this problem, in a row.
    occurrences: int
    summary: str
    hint: str = ""
    reason_key: str = ""
    stage: Stage | None = None
    run_id: str | None = None
    logical_id: str = ""
    evidence: dict[str, str] | None = None
    #: Texts that keep their line breaks, by their labels.
    code: Mapping[str, str] = field(default_factory=dict)
    #: What it has in common with others: see `Finding.traits`.
    traits: Mapping[str, str] = field(default_factory=dict)
    #: When the problem began, and began anew, within the time in which that counts as flapping; oldest first.
    opened: tuple[datetime, ...] = ()
    #: It comes and goes; nobody hears of each turn.
    flapping: bool = False
    #: When somebody was told first of what nobody has acknowledged yet; escalation counts from here.
    told_at: datetime | None = None
    #: Counts the changes; orders the messages about the alert.
    seq: int = 1
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    #: Until then nobody hears of it, unless something new happens.
    snoozed_until: datetime | None = None
    snoozed_by: str | None = None
    #: Where the problem is dealt with: the address of a ticket, or a few words.
    known_issue: str = ""
    resolved_at: datetime | None = None
    #: Who ended it by hand; None where the problem ended by itself.
    resolved_by: str | None = None
    #: Why it is over: "run 3f2a loaded 1,204 rows", or who resolved it by hand.
    resolution: str | None = None

    @property
    def open(self) -> bool:
        """Whether the problem goes on."""
        return self.state is not State.RESOLVED


def advance(
    alert: Alert | None,
    finding: Finding,
    *,
    new_id: str,
    previous: Alert | None = None,
    damping: Damping | None = None,
) -> tuple[Alert | None, Change]:
    """Return what `finding` makes of the open `alert` of its subject, and the name of the change.

    Args:
        alert: The open alert with the finding's fingerprint, or None.
        finding: What a rule saw.
        new_id: Identity for the alert, should one be opened.
        previous: Where none is open, the last one with this fingerprint.
        damping: When a problem that comes back counts as flapping.
    """
    if finding.kind is Kind.RECOVERED:
        return _recover(alert, finding)
    if alert is None:
        return _open(finding, new_id, previous, damping or Damping())
    if finding.at < alert.last_at and not _ends_what_went_on(alert, finding):
        # Events of a spool can arrive in any order. An older finding says nothing new about a problem that
        # was seen later, and must not move the alert backwards.
        return replace(alert, since=min(alert.since, finding.at)), Change.NOTHING
    change = _compare(alert, finding)
    attempts_of_one_run = bool(finding.logical_id) and finding.logical_id == alert.logical_id
    # A run that has not started, is late or is stuck has not ended: what is found next is its next stage.
    next_stage = change is Change.KIND_CHANGED and alert.kind in {Kind.NOT_STARTED, Kind.LATE, Kind.STUCK}
    reopened = change in {Change.KIND_CHANGED, Change.REASON_CHANGED}
    news = reopened or change is Change.WORSENED
    return (
        replace(
            alert,
            kind=finding.kind,
            severity=max(alert.severity, finding.severity, key=lambda s: s.order) if not reopened else finding.severity,
            # An acknowledgement covers the problem that was seen. A new reason has not been seen by anybody.
            state=State.FIRING if reopened else alert.state,
            acknowledged_by=None if reopened else alert.acknowledged_by,
            acknowledged_at=None if reopened else alert.acknowledged_at,
            snoozed_until=None if news else alert.snoozed_until,
            snoozed_by=None if news else alert.snoozed_by,
            last_at=max(alert.last_at, finding.at),
            occurrences=alert.occurrences + (0 if attempts_of_one_run or next_stage else 1),
            summary=finding.summary,
            hint=finding.hint,
            reason_key=finding.reason_key,
            stage=finding.stage,
            run_id=finding.run_id,
            logical_id=finding.logical_id,
            evidence=dict(finding.evidence),
            code=finding.code,
            traits=finding.traits,
            told_at=None if reopened else alert.told_at,
            seq=alert.seq + 1,
        ),
        change,
    )


def acknowledge(alert: Alert, *, by: str, now: datetime) -> tuple[Alert, Change]:
    """Return the alert as known to `by`; repeats stop until the problem changes or ends."""
    if alert.state is not State.FIRING:
        return alert, Change.NOTHING
    return (
        replace(
            alert,
            state=State.ACKNOWLEDGED,
            acknowledged_by=by,
            acknowledged_at=now,
            # An acknowledgement lasts longer.
            snoozed_until=None,
            snoozed_by=None,
            seq=alert.seq + 1,
        ),
        Change.ACKNOWLEDGED,
    )


def snooze(alert: Alert, *, until: datetime, by: str, now: datetime) -> tuple[Alert, Change]:
    """Return the alert as put off by `by`; it is told again at `until`, or when the problem changes.

    It takes the place of an acknowledgement, after which nobody would hear of the problem again.
    """
    if not alert.open or until <= now or (alert.snoozed_until, alert.snoozed_by) == (until, by):
        return alert, Change.NOTHING
    return (
        replace(
            alert,
            state=State.FIRING,
            acknowledged_by=None,
            acknowledged_at=None,
            snoozed_until=until,
            snoozed_by=by,
            # Somebody knows of it: escalation begins again after the snooze.
            told_at=None,
            seq=alert.seq + 1,
        ),
        Change.SNOOZED,
    )


def note_issue(alert: Alert, *, link: str) -> tuple[Alert, Change]:
    """Return the alert with the place where it is dealt with; an empty text takes that away."""
    if alert.known_issue == link.strip():
        return alert, Change.NOTHING
    return replace(alert, known_issue=link.strip(), seq=alert.seq + 1), Change.ISSUE_NOTED


def resolve(alert: Alert, *, resolution: str, now: datetime, by: str | None = None) -> tuple[Alert, Change]:
    """Return the alert as over, for the reason given, or by the person who says so."""
    if not alert.open:
        return alert, Change.NOTHING
    return (
        replace(alert, state=State.RESOLVED, resolved_at=now, resolved_by=by, resolution=resolution, seq=alert.seq + 1),
        Change.RESOLVED,
    )


def calm(alert: Alert, *, now: datetime, damping: Damping) -> tuple[Alert, Change]:
    """Return an alert that came and went as over for good, when it has not come back for long enough."""
    if alert.open or not alert.flapping or now < (alert.resolved_at or alert.last_at) + damping.within:
        return alert, Change.NOTHING
    return replace(alert, flapping=False, seq=alert.seq + 1), Change.RESOLVED


def _open(finding: Finding, new_id: str, previous: Alert | None, damping: Damping) -> tuple[Alert, Change]:
    # Who ends an alert by hand has dealt with what was before.
    before = previous if previous is not None and previous.resolved_by is None else None
    opened = openings(before.opened if before else (), finding.at, damping)
    flapping = damping.is_flapping(opened)
    again = before if before is not None and before.flapping and flapping else None
    alert = Alert(
        id=again.id if again else new_id,
        fingerprint=finding.fingerprint,
        topic=finding.topic,
        subject=finding.subject,
        environment=finding.environment,
        item=finding.item,
        kind=finding.kind,
        severity=finding.severity,
        state=State.FIRING,
        since=again.since if again else finding.at,
        last_at=finding.at,
        occurrences=1,
        summary=finding.summary,
        hint=finding.hint,
        reason_key=finding.reason_key,
        stage=finding.stage,
        run_id=finding.run_id,
        logical_id=finding.logical_id,
        evidence=dict(finding.evidence),
        code=finding.code,
        traits=finding.traits,
        opened=opened,
        flapping=flapping,
        known_issue=again.known_issue if again else "",
        seq=again.seq + 1 if again else 1,
    )
    return alert, Change.REOPENED if again else Change.OPENED


def _recover(alert: Alert | None, finding: Finding) -> tuple[Alert | None, Change]:
    if alert is None or (finding.at < alert.last_at and not _ends_what_went_on(alert, finding)):
        return alert, Change.NOTHING
    if alert.stage is not None and finding.stage is not None and finding.stage.order < alert.stage.order:
        # A pipeline whose load fails is not well because a separate extract() went through.
        return alert, Change.NOTHING
    at = max(alert.last_at, finding.at)
    return resolve(replace(alert, last_at=at), resolution=finding.summary, now=at)


def _ends_what_went_on(alert: Alert, finding: Finding) -> bool:
    """Whether a run that was told as late or stuck turns out to have ended before that was said."""
    same_run = finding.run_id is not None and finding.run_id == alert.run_id
    return same_run and alert.kind in _GOES_ON and finding.kind not in _GOES_ON


def _compare(alert: Alert, finding: Finding) -> Change:
    if finding.kind is not alert.kind:
        return Change.KIND_CHANGED
    if finding.reason_key != alert.reason_key:
        return Change.REASON_CHANGED
    if finding.severity.order > alert.severity.order:
        return Change.WORSENED
    if finding.logical_id and finding.logical_id == alert.logical_id:
        return Change.RETRIED
    return Change.REPEATED
