"""A level that was told as unusual becomes the normal one, because somebody says so."""

from __future__ import annotations

from tocsin.core.access import COMMAND_LINE, Action
from tocsin.core.alert import Alert, Change, resolve
from tocsin.core.finding import Topic
from tocsin.core.judgement import unusual_since
from tocsin.core.series import Measure
from tocsin.engine.act import Acted, audit_alerts
from tocsin.engine.engine import Engine
from tocsin.engine.notify import notify
from tocsin.engine.surroundings import Changed
from tocsin.errors import NotFound
from tocsin.store.protocol import Transaction

_MEASURES = {Topic.VOLUME: Measure.ROWS, Topic.DURATION: Measure.SECONDS}
#: Open alerts of a pipeline that are looked at.
_MOST = 10_000


def accept_level(engine: Engine, prefix: str, *, by: str, origin: str = COMMAND_LINE) -> list[Acted]:
    """Take what alerts about volume or duration say as the new normal, which ends them.

    What was left out since the first unusual run is learned from, and what was before counts no more than for how
    much the values vary.

    Args:
        engine: Whose store to use.
        prefix: A pipeline, for all its alerts about volume and duration; a table or step of it ("orders.items"); or the
            beginning of the id of an alert.
        by: Who says so.
        origin: From where, for the audit trail.

    Raises:
        NotFound: No such alert is open.
        StoreError: The store cannot be written.
    """
    now = engine.clock()
    with engine.store.writing() as tx:
        acted = []
        for alert in _meant(tx, prefix):
            _learn(tx, alert)
            ended, change = resolve(alert, resolution=f"accepted as the new normal by {by}", now=now, by=by)
            acted.append(Acted(alert=ended, change=change))
        moved = [each for each in acted if each.change is not Change.NOTHING]
        audit_alerts(tx, moved, action=Action.ACCEPT, by=by, origin=origin, at=now)
        notify(engine, tx, [Changed(alert=each.alert, change=each.change) for each in acted])
    return moved


def _meant(tx: Transaction, name: str) -> list[Alert]:
    pipeline = name.partition(".")[0]
    named = [
        alert
        for alert in tx.alerts(open_only=True, subject=pipeline, limit=_MOST)
        if name in {alert.subject, f"{alert.subject}.{alert.item}"}
    ]
    found = [alert for alert in named or tx.find_alerts(name) if alert.open and alert.topic in _MEASURES]
    if not found or (not named and len(found) > 1):
        there_is = "no alert about volume or duration is open" if not found else "more than one alert is"
        raise NotFound(
            f"{there_is} of {name!r}; name a pipeline, a table or step of it (orders.items), or the id of an alert. "
            "Open are: tocsin alerts"
        )
    return found


def _learn(tx: Transaction, alert: Alert) -> None:
    series = tx.series(alert.subject, alert.environment).get((_MEASURES[alert.topic], alert.item))
    since = unusual_since(series) if series is not None else None
    if series is not None and since is not None:
        tx.save_series([series.accept(since)])
