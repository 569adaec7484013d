"""Who would hear of a problem, when and by which route, and why nobody else does.

The engine's own decisions are played through: from the moment at which the problem opens to the next one at which time
alone may change a decision, and so on, while nobody acknowledges the problem.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.core.alert import Alert, Change, State
from tocsin.core.finding import Kind, Topic, fingerprint
from tocsin.core.labels import Labels
from tocsin.core.notify import Muted, Reason, should_notify
from tocsin.core.passed_routes import passed
from tocsin.core.policy import LONGEST_WAIT
from tocsin.core.route import Route
from tocsin.core.severity import Severity
from tocsin.core.silence import Silence
from tocsin.core.words import moment
from tocsin.engine.engine import Engine
from tocsin.engine.muting import muted_by, muted_by_route
from tocsin.engine.ways import Way, labels_for, next_step, routes_for, usable, ways_of

#: What a problem of a kind is about, where that is not the delivery of data.
_TOPICS = {
    Kind.VOLUME: Topic.VOLUME,
    Kind.DURATION: Topic.DURATION,
    Kind.SCHEMA: Topic.SCHEMA,
    Kind.STALE: Topic.FRESHNESS,
    Kind.DUPLICATE: Topic.DUPLICATE,
    Kind.CHECK: Topic.CHECK,
    Kind.CHECK_ERROR: Topic.CHECK,
    Kind.CHANNEL: Topic.CHANNEL,
}
#: How bad it is, where that is not an error.
_USUAL = {
    Kind.DIED: Severity.CRITICAL,
    **dict.fromkeys(
        (
            Kind.LATE,
            Kind.INTERRUPTED,
            Kind.PENDING_ONLY,
            Kind.VOLUME,
            Kind.DURATION,
            Kind.SCHEMA,
            Kind.STALE,
            Kind.DUPLICATE,
        ),
        Severity.WARNING,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A channel that hears."""

    channel: str
    #: Name of the route.
    route: str
    reason: Reason
    #: After the problem opened, when it is decided that the channel is told.
    after: timedelta
    #: How long what is decided then waits at most for others of its group.
    waits: timedelta
    #: The labels in which the problems of its group agree; None where it comes by itself.
    group: Mapping[str, str] | None
    #: What kept the channel from being told before, in the order of time.
    muted: tuple[Muted, ...]
    repeat_every: timedelta
    #: More problems than this within a minute come as one message; None where the channel takes no such messages.
    group_above: int | None

    @property
    def at_once(self) -> bool:
        """Whether it is told when the problem opens, be it by itself or with its group."""
        return not self.after


@dataclass(frozen=True, kw_only=True)
class Unheard:
    """A channel that does not hear."""

    channel: str
    #: Sentences without a full stop; at least one.
    why: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Who hears of a problem."""

    #: When it opens.
    at: datetime
    labels: Labels
    #: Those that it takes; one without a key is not configured, but where everything else goes.
    routes: tuple[Route, ...]
    #: Whether every channel hears because none that the routes name can be used.
    fallback: bool
    #: The first to hear comes first.
    heard: tuple[Heard, ...]
    unheard: tuple[Unheard, ...]


def explain(
    engine: Engine, channels: Sequence[str], given: Labels, at: datetime, silences: Sequence[Silence]
) -> Explanation:
    """Return who hears of a problem that opens `at`.

    Args:
        engine: Its configuration decides.
        channels: Names of all that are configured; the engine has lost those that cannot be used.
        given: What is known of the problem; `pipeline` or `channel` is there. What is left out is as the
            configuration says it of the pipeline.
        at: Aware, in UTC.
        silences: Those that may be active then or later.
    """
    opened = _suppose(engine, given, at)
    labels = {**labels_for(engine, opened), **given}
    routes = routes_for(engine, labels)
    play = _Play(engine, labels, routes, silences)
    play.through(opened)
    return Explanation(
        at=at,
        labels=labels,
        routes=tuple(routes),
        fallback=not play.ways <= {route.name for route in routes},
        heard=tuple(play.heard.values()),
        unheard=tuple(
            Unheard(channel=name, why=play.refused(name) or tuple(_why_not(engine, opened, name, labels, routes)))
            for name in channels
            if name not in play.heard
        ),
    )


class _Play:
    """One problem from its begin to the moment at which everybody has heard who ever does."""

    def __init__(self, engine: Engine, labels: Labels, routes: Sequence[Route], silences: Sequence[Silence]) -> None:
        self._engine = engine
        self._labels = labels
        self._routes = routes
        self._silences = silences
        self._muted: dict[str, list[Muted]] = {}
        self._too_low: dict[str, Way] = {}
        #: Names of the routes that led to somebody.
        self.ways: set[str] = set()
        #: In the order in which they hear.
        self.heard: dict[str, Heard] = {}

    def through(self, alert: Alert) -> None:
        """Let time pass."""
        change = Change.OPENED
        now: datetime | None = alert.since
        while now is not None and now - alert.since < LONGEST_WAIT:
            changes = list(self._decide(alert, change, now))
            if self.heard and alert.told_at is None:
                alert = replace(alert, told_at=now)
            changes.append(next_step(alert, self._routes, now))
            change, now = Change.NOTHING, min((each for each in changes if each is not None), default=None)

    def refused(self, channel: str) -> tuple[str, ...]:
        """Return why a channel is not told although a route leads to it."""
        if (way := self._too_low.get(channel)) is not None:
            severity, least = self._labels["severity"], way.policy.least.value
            return (f"{way.route} lets through {least} and worse, and this is {severity}",)
        held = ", then ".join(muted_words(replace(muted, until=None)) for muted in self._muted.get(channel, ()))
        return (f"held back for a year and more: {held}",) if held else ()

    def _decide(self, alert: Alert, change: Change, now: datetime) -> Iterator[datetime | None]:
        """Tell those who are to be told now; yield when the others are to be asked again."""
        mute = muted_by(self._engine, alert, self._labels, self._silences, now)
        for channel, way in ways_of(self._engine, alert, self._routes, now).items():
            self.ways.add(way.route)
            if channel in self.heard:
                continue
            muted = mute or muted_by_route(way.policy, way.route, now)
            reason = should_notify(alert, change, None, way.policy, now, muted=muted, escalated=way.escalated)
            if reason.tells:
                self.heard[channel] = self._heard(channel, way, reason, now - alert.since)
            elif reason is Reason.TOO_LOW:
                self._too_low[channel] = way
            elif muted is not None:
                self._hold(channel, muted)
                yield muted.until

    def _hold(self, channel: str, muted: Muted) -> None:
        before = self._muted.setdefault(channel, [])
        # Of hours that end and begin again the last is told.
        before[:] = [one for one in before if (one.reason, one.because) != (muted.reason, muted.because)]
        before.append(muted)

    def _heard(self, channel: str, way: Way, reason: Reason, after: timedelta) -> Heard:
        policy = way.policy
        grouped = self._engine.channels[channel].channel.grouped
        group = {name: _text(self._labels.get(name, "")) for name in policy.group_by}
        return Heard(
            channel=channel,
            route=way.route,
            reason=reason,
            after=after,
            waits=policy.group_wait if grouped and group else timedelta(0),
            group=group if grouped and group else None,
            muted=tuple(self._muted.get(channel, ())),
            repeat_every=policy.repeat_every,
            group_above=policy.group_above if grouped else None,
        )


def muted_words(muted: Muted) -> str:
    """Return what mutes, which one it is, and until when: "silenced (silence 3f2a of ann: moving) until …"."""
    which = f" ({muted.because})" if muted.because else ""
    until = f" until {moment(muted.until)}" if muted.until is not None else ""
    return f"{muted.reason.removeprefix('not told: ')}{which}{until}"


def _suppose(engine: Engine, given: Labels, at: datetime) -> Alert:
    """Return the alert of a problem that nobody had."""
    channel = _text(given.get("channel", ""))
    usual = Kind.CHANNEL if channel else Kind.CHECK if given.get("check") else Kind.FAILED
    kind = Kind(_text(given.get("kind", usual)))
    topic = Topic.CHANNEL if channel else _TOPICS.get(kind, Topic.DELIVERY)
    subject = channel or _text(given["pipeline"])
    environment = _text(given.get("environment", "" if channel else engine.config.environment))
    return Alert(
        id="",
        fingerprint=fingerprint(topic, environment, subject),
        topic=topic,
        subject=subject,
        environment=environment,
        kind=kind,
        severity=Severity(_text(given.get("severity", _USUAL.get(kind, Severity.ERROR)))),
        state=State.FIRING,
        since=at,
        last_at=at,
        occurrences=1,
        summary="",
    )


def _why_not(engine: Engine, alert: Alert, name: str, labels: Labels, taken: Sequence[Route]) -> Iterator[str]:
    if name not in engine.channels:
        remedies = [problem.remedy for problem in engine.problems if problem.key == f"tocsin.channels.{name}"]
        yield f"it cannot be used: {'; '.join(remedies)}"
        return
    if not usable(engine, alert, [name]):
        yield "it is what the problem is about"
        return
    if any(name in _names(route) for route in taken):
        yield "it is added where nobody acknowledges what others were told, and nobody is told"
        return
    yield f"{_do(taken)} not name it"
    others: dict[str, list[Route]] = {}
    for one in passed(labels, engine.config.routes):
        above = [route.key for routes in others.values() for route in routes]
        # What stands below a route that names it is not taken for the same reason.
        if name in _names(one.route) and not any(one.route.key.startswith(f"{key}.routes[") for key in above):
            others.setdefault(one.why, []).append(one.route)
    for why, routes in others.items():
        yield f"{_do(routes)}, but {why}"


def _do(routes: Sequence[Route]) -> str:
    *names, last = (route.name for route in routes)
    return f"{', '.join(names)} and {last} do" if names else f"{last} does"


def _names(route: Route) -> set[str]:
    return {*route.channels, *(name for step in route.policy.escalate for name in step.channels)}


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ",".join(value)
