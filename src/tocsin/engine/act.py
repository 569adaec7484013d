"""What people do to alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.core.alert import Alert, Change, acknowledge, note_issue, resolve, snooze
from tocsin.core.finding import Topic
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


def acknowledge_alert(engine: Engine, prefix: str, *, by: str, issue: str | None = None) -> list[Acted]:
    """Note that somebody takes care of an alert, or of all of a group; channels that were told of it hear that.

    Args:
        engine: Whose store to use.
        prefix: The beginning of the id of an alert or a group, or the name of a pipeline with an open alert.
        by: Who takes care.
        issue: Where it is dealt with, kept with the alert; an empty text takes that away.

    Returns:
        The alert; of a group those that are open.

    Raises:
        NotFound: No alert, or more than one, is meant.
        StoreError: The store cannot be written.
    """
    return _act(engine, prefix, lambda alert, now: acknowledge(alert, by=by, now=now), issue=issue)


def snooze_alert(engine: Engine, prefix: str, *, until: datetime, by: str, issue: str | None = None) -> list[Acted]:
    """Put an alert off until a moment; other arguments, result and errors are those of `acknowledge_alert`."""
    return _act(engine, prefix, lambda alert, now: snooze(alert, until=until, by=by, now=now), issue=issue)


def resolve_alert(engine: Engine, prefix: str, *, by: str) -> list[Acted]:
    """End an alert by hand; arguments, result and errors are those of `acknowledge_alert`."""
    return _act(engine, prefix, lambda alert, now: resolve(alert, resolution=f"resolved by {by}", now=now, by=by))


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
    change_it: Callable[[Alert, datetime], tuple[Alert, Change]],
    *,
    issue: str | None = None,
) -> list[Acted]:
    now = engine.clock()
    with engine.store.writing() as tx:
        acted = [_changed(alert, change_it, issue, now) for alert in _meant(tx, prefix)]
        moved = [each for each in acted if each.change is not Change.NOTHING]
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
