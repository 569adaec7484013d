"""Findings move alerts, and alerts that changed are told: always in the transaction that brought the facts."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.core.alert import Alert, Change, advance
from tocsin.core.finding import Finding, Kind, Topic, Trait, fingerprint
from tocsin.core.judgement import judge_values
from tocsin.core.rules.blocked import say_blocked
from tocsin.core.rules.data import DATA_RULES, Facts
from tocsin.core.rules.outcome import judge
from tocsin.core.run import GOOD, Context, Outcome, Run
from tocsin.core.series import observe
from tocsin.core.slot import SlotState
from tocsin.engine.engine import Engine
from tocsin.engine.first_hand import known_first_hand
from tocsin.engine.nested import failed_inside
from tocsin.engine.notify import notify
from tocsin.engine.surroundings import Changed
from tocsin.store.protocol import Transaction

#: Slots among which the one of an alert is looked for.
_SLOTS = 20
#: Runs that are looked at to see since when a package blocks the pipeline.
_BLOCKED = 50
#: The clocks of two machines may differ by so much.
_SKEW = timedelta(minutes=1)
_ALERTS = uuid.UUID("6f6a3c7e-51b5-5c0e-8f0b-0f3d4f7a9d11")
#: Open alerts about one pipeline and its tables that are looked at.
_MOST = 10_000


def evaluate_ends(engine: Engine, tx: Transaction, ended: Sequence[Run]) -> None:
    """Ask the rules what the ends of runs of different pipelines mean, and act on it.

    They came one after another, and merely together into this transaction: the first of many is told at once.
    """
    alerts = tx.open_alerts([_delivery_of(run) for run in ended]) if ended else {}
    found = []
    for run in ended:
        alert = alerts.get(_delivery_of(run))
        finding = _meaning(tx, run, alert)
        if run.outcome.ok:
            _evaluate_data(engine, tx, run)
        if finding is not None:
            found.append(Found(finding=finding, alert=alert, run=run))
    advance_alerts(engine, tx, found, at_once=False)


def _delivery_of(run: Run) -> str:
    return fingerprint(Topic.DELIVERY, run.environment, run.pipeline)


def _meaning(tx: Transaction, run: Run, open_alert: Alert | None) -> Finding | None:
    """Return what the end of a run means for the delivery of its pipeline."""
    finding = judge(run, open_alert, _newer_success(tx, run) if run.outcome.bad else None)
    if finding is None or (run.outcome.bad and run.second_hand and known_first_hand(tx, run)):
        return None
    if run.outcome.bad and failed_inside(tx, run):
        return None
    if open_alert is not None and finding.at < open_alert.last_at and _was_missing(tx, open_alert, run):
        # It ended before it was told as absent: its report came late, and says what the absence really was.
        finding = replace(finding, at=open_alert.last_at)
    if run.outcome.bad and run.pending_packages:
        finding = say_blocked(finding, run, _runs_before(tx, run, outcomes=None, limit=_BLOCKED))
    return finding


def _evaluate_data(engine: Engine, tx: Transaction, run: Run) -> None:
    """Ask the rules about data what a run has brought."""
    of_pipeline = tx.alerts(open_only=True, subject=run.pipeline, limit=_MOST)
    open_alerts = {alert.fingerprint: alert for alert in of_pipeline if alert.environment == run.environment}
    known = tx.series(run.pipeline, run.environment)
    observed = observe(run, known)
    config = engine.config.pipeline(run.pipeline)
    judged = judge_values(
        observed, run.logical_id or run.id, limits=config.limits, false_alerts=engine.config.false_alerts
    )
    series = {key: one.series for key, one in judged.items()}
    facts = Facts(
        run=run,
        now=engine.clock(),
        open_alerts=open_alerts,
        before=next(iter(_runs_before(tx, run, outcomes=GOOD, limit=1)), None),
        series={**known, **series},
        judged=judged,
        schema_changes=config.schema_changes,
    )
    findings = [finding for rule in DATA_RULES for finding in rule(facts)]
    found = [Found(finding=one, alert=open_alerts.get(one.fingerprint), run=run) for one in findings]
    tx.save_series([*series.values()])
    advance_alerts(engine, tx, found)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A finding, and what is at hand when it is made."""

    finding: Finding
    #: The open alert of its subject.
    alert: Alert | None
    #: The run that it is about.
    run: Run | None = None


def advance_alert(engine: Engine, tx: Transaction, finding: Finding, run: Run | None = None) -> None:
    """Apply a finding to the alert of its subject and tell whoever has to know."""
    advance_findings(engine, tx, [finding], run)


def advance_findings(engine: Engine, tx: Transaction, findings: Sequence[Finding], run: Run | None = None) -> None:
    """Apply findings about different subjects, whose alerts nobody has looked for yet."""
    alerts = tx.open_alerts([one.fingerprint for one in findings]) if findings else {}
    advance_alerts(engine, tx, [Found(finding=one, alert=alerts.get(one.fingerprint), run=run) for one in findings])


def advance_alerts(engine: Engine, tx: Transaction, found: Sequence[Found], *, at_once: bool = True) -> None:
    """Apply findings about different subjects to their alerts and tell whoever has to know.

    Args:
        engine: The engine.
        tx: The transaction that brings the facts.
        found: The findings.
        at_once: As for `notify`.
    """
    new = [each.finding.fingerprint for each in found if each.alert is None and each.finding.kind is not Kind.RECOVERED]
    closed = tx.last_alerts(new) if new and engine.config.damping.most else {}
    changed, seen = [], []
    now = engine.clock()
    for each in found:
        finding = owned(engine, each.finding, each.run.context) if each.run is not None else each.finding
        previous = closed.get(finding.fingerprint) if each.alert is None else None
        before = _seen_before(each.alert, finding, now)
        alert, change = advance(
            before, finding, new_id=_new_id(finding), previous=previous, damping=engine.config.damping
        )
        if alert is None or alert == each.alert:
            continue
        if change is Change.NOTHING:
            seen.append(alert)
        else:
            changed.append(Changed(alert=alert, change=change, run=each.run))
    tx.save_alerts(seen)
    notify(engine, tx, changed, at_once=at_once)


def owned(engine: Engine, finding: Finding, context: Context) -> Finding:
    """Return a finding with the owner that its pipeline was reported with, unless somebody here says who that is."""
    known = engine.config.pipeline(finding.subject).owner or finding.traits.get(Trait.OWNER)
    if known or not context.owner:
        return finding
    return replace(finding, traits={**finding.traits, Trait.OWNER.value: context.owner})


def _new_id(finding: Finding) -> str:
    # The same finding opens the same alert wherever it is taken in, so that a replay repeats no message. The kind
    # makes it another alert when a run that was told as died, and closed by hand, turns out to have failed.
    return uuid.uuid5(_ALERTS, f"{finding.fingerprint}\0{finding.kind}\0{finding.run_id or finding.at.isoformat()}").hex


def _seen_before(alert: Alert | None, finding: Finding, now: datetime) -> Alert | None:
    """Return an alert that a clock has found which was wrong and is right again: whatever is found now is newer."""
    if alert is None or alert.last_at <= now + _SKEW:
        return alert
    return replace(alert, last_at=finding.at)


def _was_missing(tx: Transaction, alert: Alert, run: Run) -> bool:
    """Return whether an alert is about a slot which nothing had begun for, and which is met by this run."""
    if alert.run_id is not None:
        return False
    slots = tx.slots(run.pipeline, run.environment, limit=_SLOTS)
    about = next((slot for slot in slots if slot.id == alert.logical_id), None)
    return about is not None and (about.state is SlotState.COVERED or about.logical_id == run.logical_id)


def _runs_before(tx: Transaction, run: Run, *, outcomes: Collection[Outcome] | None, limit: int) -> Sequence[Run]:
    """Return the runs of the same pipeline that began earlier, newest first."""
    return tx.runs(
        pipeline=run.pipeline, environment=run.environment, outcomes=outcomes, before=run.started_at, limit=limit
    )


def _newer_success(tx: Transaction, run: Run) -> Run | None:
    """Return a run of the same pipeline that went well and ended after `run` did."""
    ended = run.ended_at or run.started_at
    newest = tx.runs(pipeline=run.pipeline, environment=run.environment, outcomes=GOOD, limit=1)
    return next((ok for ok in newest if ok.ended_at is not None and ok.ended_at > ended), None)
