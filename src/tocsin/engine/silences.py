"""What people mute for a while: begin, end, preview, and the word that an end leaves problems open."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.core.access import COMMAND_LINE, Action, AuditEntry
from tocsin.core.alert import Alert
from tocsin.core.labels import Labels
from tocsin.core.matchers import Matcher
from tocsin.core.message import Message
from tocsin.core.notify import Reason
from tocsin.core.outbox import Notification
from tocsin.core.silence import Silence, check_silence, end_early
from tocsin.core.silence_ended import compose_end
from tocsin.engine.engine import Engine
from tocsin.engine.keys import key_of
from tocsin.engine.muting import muted_by
from tocsin.engine.ways import labels_for, routes_for, ways_of
from tocsin.errors import NotFound
from tocsin.store.protocol import Transaction

_ENOUGH = 5
#: More alerts than anybody has open.
_MOST = 100_000
#: What a pipeline is asked for where no alert says the rest.
_OF_PIPELINES = frozenset({"pipeline", "environment", "owner", "tags", "channel"})


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What conditions fit."""

    #: Open alerts, newest first.
    alerts: Sequence[Alert]
    #: Of each condition, how many open alerts it fits by itself, and how many are open in all.
    each: Sequence[int]
    open: int
    #: Alerts that are over and were seen after `since`, newest first.
    over: Sequence[Alert]
    since: datetime
    #: Known pipelines with their environments, by name. What an alert alone could say is not asked of them.
    pipelines: Sequence[tuple[str, str]]
    #: How many pipelines are known.
    known: int


def add_silence(
    engine: Engine,
    matchers: Sequence[Matcher],
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    author: str,
    origin: str = COMMAND_LINE,
    everything: bool = False,
) -> Silence:
    """Keep a new silence; it is durable when this returns.

    Arguments are those of `check_silence`; `origin` says in the audit trail from where it was asked for.

    Raises:
        ValueError: The silence cannot be meant.
        StoreError: The store cannot be written, and there is no silence.
    """
    now = engine.clock()
    check_silence(matchers, starts_at=starts_at, ends_at=ends_at, now=now, reason=reason, everything=everything)
    silence = Silence(
        id=uuid.uuid4().hex,
        matchers=tuple(matchers),
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip(),
        author=author,
        created_at=now,
    )
    with engine.store.writing() as tx:
        tx.save_silence(silence)
        tx.add_audit([_entry(silence, Action.SILENCE, by=author, origin=origin, at=now)])
    return silence


def end_silence(engine: Engine, prefix: str, *, by: str, origin: str = COMMAND_LINE) -> tuple[Silence, Sequence[Alert]]:
    """End a silence now, and return it with the open alerts that it muted, which are due to be told.

    Args:
        engine: Whose store to use.
        prefix: The beginning of the silence's id.
        by: Who ends it.
        origin: From where, for the audit trail.

    Raises:
        NotFound: No silence that is not over, or more than one, is meant.
        StoreError: The store cannot be written.
    """
    with engine.store.writing() as tx:
        now = engine.clock()
        ended = end_early(_find(tx, prefix, now), by=by, now=now)
        tx.add_audit([_entry(ended, Action.END_SILENCE, by=by, origin=origin, at=now)])
        return ended, _close(engine, tx, ended)


def close_silences(engine: Engine) -> None:
    """Notice the ends of silences, and say which problems they leave open; each end is said once.

    Raises:
        StoreError: The store cannot be written; what was not said is so the next time.
    """
    with engine.store.writing() as tx:
        for silence in tx.silences_to_close(engine.clock()):
            _close(engine, tx, silence)


def preview(engine: Engine, tx: Transaction, matchers: Sequence[Matcher], *, within: timedelta) -> Preview:
    """Return what a silence with these matchers would mute now, and would have muted `within` the time before."""
    since = engine.clock() - within
    known = {*tx.pipeline_names(), *((name, engine.config.environment) for name in engine.config.pipelines)}
    labels = [(alert, labels_for(engine, alert)) for alert in tx.alerts(open_only=True, limit=_MOST)]
    asked = [matcher for matcher in matchers if matcher.label in _OF_PIPELINES]
    return Preview(
        alerts=[alert for alert, of_it in labels if all(matcher.matches(of_it) for matcher in matchers)],
        each=[sum(matcher.matches(of_it) for _, of_it in labels) for matcher in matchers],
        open=len(labels),
        over=[
            alert for alert in tx.alerts(since=since, limit=_MOST) if not alert.open and _fits(engine, alert, matchers)
        ],
        since=since,
        pipelines=[pair for pair in sorted(known) if _could_fit(engine, pair, asked)],
        known=len(known),
    )


def open_alerts_that_fit(engine: Engine, tx: Transaction, matchers: Sequence[Matcher]) -> Sequence[Alert]:
    """Return the open alerts that fulfil every matcher, newest first."""
    return [alert for alert in tx.alerts(open_only=True, limit=_MOST) if _fits(engine, alert, matchers)]


def _entry(silence: Silence, action: Action, *, by: str, origin: str, at: datetime) -> AuditEntry:
    mutes = ", ".join(map(str, silence.matchers)) or "everything"
    return AuditEntry(
        at=at, actor=by, origin=origin, action=action, subject=silence.id, detail=f"{mutes}: {silence.reason}"
    )


def _find(tx: Transaction, prefix: str, now: datetime) -> Silence:
    found = [silence for silence in tx.find_silences(prefix) if silence.over_at > now]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFound(f"{prefix!r} fits {_named(found)}; give more of the id")
    there_is = _named(tx.silences(now)) or "none; those that are over: tocsin silence list --all"
    raise NotFound(f"no silence that is not over has an id that begins with {prefix!r}; there are: {there_is}")


def _close(engine: Engine, tx: Transaction, silence: Silence) -> Sequence[Alert]:
    """Mark the end of a silence as noticed, and say in the same transaction what it leaves open."""
    now = engine.clock()
    tx.save_silence(replace(silence, closed_at=now))
    if silence.over_at <= silence.starts_at:
        return ()
    silences = tx.silences(now)
    left = [
        alert
        for alert in open_alerts_that_fit(engine, tx, silence.matchers)
        # What something else mutes goes on being muted.
        if muted_by(engine, alert, labels_for(engine, alert), silences, now) is None
    ]
    if left:
        tx.plan_alerts({alert.id: now for alert in left})
        message = compose_end(silence, left)
        ways = {
            channel
            for alert in left
            for channel in ways_of(engine, alert, routes_for(engine, labels_for(engine, alert)), now)
        }
        # Receivers that keep alerts of their own have them open still, and would keep this one for good.
        readers = [name for name in sorted(ways) if not engine.channels[name].channel.keeps_open]
        tx.add_notifications([_notice(silence, message, channel, now) for channel in readers])
    return left


def _notice(silence: Silence, message: Message, channel: str, now: datetime) -> Notification:
    return Notification(
        id=key_of(silence.id, channel, Reason.SILENCE_ENDED),
        channel=channel,
        reason=Reason.SILENCE_ENDED,
        message=message,
        created_at=now,
        due_at=now,
        severity=message.severity,
    )


def _fits(engine: Engine, alert: Alert, matchers: Sequence[Matcher]) -> bool:
    labels = labels_for(engine, alert)
    return all(matcher.matches(labels) for matcher in matchers)


def _could_fit(engine: Engine, pair: tuple[str, str], matchers: Sequence[Matcher]) -> bool:
    name, environment = pair
    known = engine.config.pipeline(name)
    labels: Labels = {
        "pipeline": name,
        "environment": environment,
        "owner": known.owner,
        "tags": tuple(known.tags),
    }
    return all(matcher.matches(labels) for matcher in matchers)


def _named(silences: Sequence[Silence]) -> str:
    shown = [f"{silence.id[:8]} ({silence.reason})" for silence in silences[:_ENOUGH]]
    return ", ".join(shown)
