"""What people do to alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


def acknowledge_alert(engine: Engine, prefix: str, *, by: str, issue: str | None = None) -> tuple[Alert, Change]:
    """Note that somebody takes care of an alert; channels that were told of it hear that.

    Args:
        engine: Whose store to use.
        prefix: The beginning of the alert's id, or the name of a pipeline with an open alert.
        by: Who takes care.
        issue: Where it is dealt with, kept with the alert; an empty text takes that away.

    Returns:
        The alert, and NOTHING as the change if all was as it should be, or the alert is over.

    Raises:
        NotFound: No alert, or more than one, is meant.
        StoreError: The store cannot be written.
    """
    return _act(engine, prefix, lambda alert, now: acknowledge(alert, by=by, now=now), issue=issue)


def snooze_alert(
    engine: Engine, prefix: str, *, until: datetime, by: str, issue: str | None = None
) -> tuple[Alert, Change]:
    """Put an alert off until a moment; other arguments, result and errors are those of `acknowledge_alert`."""
    return _act(engine, prefix, lambda alert, now: snooze(alert, until=until, by=by, now=now), issue=issue)


def resolve_alert(engine: Engine, prefix: str, *, by: str) -> tuple[Alert, Change]:
    """End an alert by hand; arguments, result and errors are those of `acknowledge_alert`."""
    return _act(engine, prefix, lambda alert, now: resolve(alert, resolution=f"resolved by {by}", now=now, by=by))


def find_alert(tx: Transaction, prefix: str) -> Alert:
    """Return the alert whose id begins with `prefix`, or the open one of the pipeline with this name.

    Raises:
        NotFound: No alert, or more than one, is meant; the message lists what there is.
    """
    named = [alert for alert in tx.alerts(open_only=True, limit=1000) if alert.subject == prefix]
    found = named or list(tx.find_alerts(prefix))
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(f"{prefix!r} fits {_named(found)}; give more of the id")
    open_alerts = tx.alerts(open_only=True, limit=_ENOUGH)
    none = "no alert is open; those that are over: tocsin alerts --all"
    there_is = f"open are: {_named(open_alerts)}" if open_alerts else none
    raise NotFound(f"no alert has an id that begins with {prefix!r}; {there_is}")


def _act(
    engine: Engine,
    prefix: str,
    change_it: Callable[[Alert, datetime], tuple[Alert, Change]],
    *,
    issue: str | None = None,
) -> tuple[Alert, Change]:
    with engine.store.writing() as tx:
        alert, noted = find_alert(tx, prefix), Change.NOTHING
        if issue is not None:
            alert, noted = note_issue(alert, link=issue)
        alert, change = change_it(alert, engine.clock())
        if change is Change.NOTHING:
            change = noted
        if change is not Change.NOTHING:
            tx.save_alert(alert)
            notify(engine, tx, [Changed(alert=alert, change=change)])
    if alert.topic is Topic.DELIVERY:
        set_marker(engine, alert.environment, alert.subject)
    return alert, change


def _named(alerts: Sequence[Alert]) -> str:
    return ", ".join(f"{alert.id[:8]} ({alert.subject})" for alert in alerts)
