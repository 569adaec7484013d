"""What people do to alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.core.access import COMMAND_LINE, Action, AuditEntry
from tocsin.core.alert import Alert, Change, acknowledge, note_issue, resolve, snooze
from tocsin.core.finding import Topic
from tocsin.core.phrases import problem, subject
from tocsin.engine.engine import Engine
from tocsin.engine.markers import set_marker
from tocsin.engine.notify import notify
from tocsin.engine.surroundings import Changed
from tocsin.errors import NotFound
from tocsin.store.protocol import Transaction

_ENOUGH = 5


@dataclass(frozen=True, kw_only=True)
class Acted:
    """An alert after somebody did something about it."""

    alert: Alert
    #: NOTHING if all was as it should be, or the alert is over.
    change: Change


@dataclass(frozen=True, kw_only=True)
class _Who:
    """Who does what, for the audit trail."""

    name: str
    origin: str
    action: Action


def acknowledge_alert(
    engine: Engine, prefix: str, *, by: str, origin: str = COMMAND_LINE, issue: str | None = None
) -> list[Acted]:
    """Note that somebody takes care of an alert, or of all of a group; channels that were told of it hear that.

    Args:
        engine: Whose store to use.
        prefix: The beginning of the id of an alert or a group, or the name of a pipeline with an open alert.
        by: Who takes care.
        origin: From where, for the audit trail.
        issue: Where it is dealt with, kept with the alert; an empty text takes that away.

    Returns:
        The alert; of a group those that are open.

    Raises:
        NotFound: No alert, or more than one, is meant.
        StoreError: The store cannot be written.
    """
    who = _Who(name=by, origin=origin, action=Action.ACKNOWLEDGE)
    return _act(engine, prefix, who, lambda alert, now: acknowledge(alert, by=by, now=now), issue=issue)


def snooze_alert(
    engine: Engine, prefix: str, *, until: datetime, by: str, origin: str = COMMAND_LINE, issue: str | None = None
) -> list[Acted]:
    """Put an alert off until a moment; other arguments, result and errors are those of `acknowledge_alert`."""
    who = _Who(name=by, origin=origin, action=Action.SNOOZE)
    return _act(engine, prefix, who, lambda alert, now: snooze(alert, until=until, by=by, now=now), issue=issue)


def resolve_alert(engine: Engine, prefix: str, *, by: str, origin: str = COMMAND_LINE) -> list[Acted]:
    """End an alert by hand; arguments, result and errors are those of `acknowledge_alert`."""
    who = _Who(name=by, origin=origin, action=Action.RESOLVE)
    return _act(engine, prefix, who, lambda alert, now: resolve(alert, resolution=f"resolved by {by}", now=now, by=by))


def audit_alerts(
    tx: Transaction, acted: Sequence[Acted], *, action: Action, by: str, origin: str, at: datetime
) -> None:
    """Write into the audit trail what somebody did to alerts."""
    tx.add_audit(
        [
            AuditEntry(
                at=at,
                actor=by,
                origin=origin,
                action=action,
                subject=each.alert.id,
                detail=f"{subject(each.alert)} {problem(each.alert)}",
            )
            for each in acted
        ]
    )


def _meant(tx: Transaction, prefix: str) -> list[Alert]:
    """Return the alert whose id begins so, the open one of the pipeline with this name, or the open ones of a group.

    Raises:
        NotFound: No alert, or more than one, is meant; the message lists what there is.
    """
    found = _fitting(tx, prefix)
    groups = tx.find_groups(prefix) if not found else []
    if len(groups) == 1 and (members := [one.alert for one in tx.members(groups[0].id) if one.alert.open]):
        return members
    if len(found) == 1:
        return found
    raise _not_found(tx, prefix, found)


def _fitting(tx: Transaction, prefix: str) -> list[Alert]:
    named = list(tx.alerts(open_only=True, subject=prefix, limit=_ENOUGH * 2))
    # Who names a pipeline means its delivery; what is wrong with its data has ids.
    delivery = [alert for alert in named if alert.topic is Topic.DELIVERY]
    return delivery or named or list(tx.find_alerts(prefix))


def _not_found(tx: Transaction, prefix: str, found: Sequence[Alert]) -> NotFound:
    if found:
        return NotFound(f"{prefix!r} fits {_named(found)}; give more of the id")
    open_alerts = tx.alerts(open_only=True, limit=_ENOUGH)
    none = "no alert is open; those that are over: tocsin alerts --all"
    there_is = f"open are: {_named(open_alerts)}" if open_alerts else none
    return NotFound(f"no alert has an id that begins with {prefix!r}; {there_is}")


def _act(
    engine: Engine,
    prefix: str,
    who: _Who,
    change_it: Callable[[Alert, datetime], tuple[Alert, Change]],
    *,
    issue: str | None = None,
) -> list[Acted]:
    now = engine.clock()
    with engine.store.writing() as tx:
        acted = [_changed(alert, change_it, issue, now) for alert in _meant(tx, prefix)]
        moved = [each for each in acted if each.change is not Change.NOTHING]
        audit_alerts(tx, moved, action=who.action, by=who.name, origin=who.origin, at=now)
        notify(engine, tx, [Changed(alert=each.alert, change=each.change) for each in moved])
    for each in moved:
        if each.alert.topic is Topic.DELIVERY:
            set_marker(engine, each.alert.environment, each.alert.subject)
    return acted


def _changed(
    alert: Alert, change_it: Callable[[Alert, datetime], tuple[Alert, Change]], issue: str | None, now: datetime
) -> Acted:
    noted = Change.NOTHING
    if issue is not None:
        alert, noted = note_issue(alert, link=issue)
    alert, change = change_it(alert, now)
    return Acted(alert=alert, change=noted if change is Change.NOTHING else change)


def _named(alerts: Sequence[Alert]) -> str:
    return ", ".join(f"{alert.id[:8]} ({alert.subject})" for alert in alerts)
