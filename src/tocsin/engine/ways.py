"""Which channels an alert goes to, by which route, and who is added while nobody acknowledges it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.core.alert import Alert, State
from tocsin.core.finding import Topic
from tocsin.core.labels import Labels, labels_of
from tocsin.core.policy import Policy
from tocsin.core.route import Route
from tocsin.engine.engine import Engine


@dataclass(frozen=True, kw_only=True)
class Way:
    """How an alert comes to one channel."""

    route: str
    policy: Policy
    #: The channel hears only because nobody has acknowledged the problem.
    escalated: bool = False


def labels_for(engine: Engine, alert: Alert) -> Labels:
    """Return what routes and silences can ask of an alert."""
    pipeline = engine.config.pipeline(alert.subject)
    return labels_of(alert, owner=pipeline.owner, tags=pipeline.tags)


def routes_for(engine: Engine, labels: Labels) -> list[Route]:
    """Return the routes of an alert: those that match, else the owner's, else the one to every channel."""
    return engine.routing.choose(labels) or [engine.config.owners_route(str(labels["owner"]))]


def ways_of(engine: Engine, alert: Alert, routes: Sequence[Route], now: datetime) -> dict[str, Way]:
    """Return the way of an alert with these routes to each channel; the first that names one gives the policy."""
    ways: dict[str, Way] = {}
    for route in routes:
        for channel in usable(engine, alert, route.channels):
            ways.setdefault(channel, Way(route=route.name, policy=route.policy))
    if not ways:
        # An alert whose routes lead to channels that cannot be used goes to all the others.
        default = engine.config.default_route
        ways = {
            name: Way(route=default.name, policy=default.policy) for name in usable(engine, alert, default.channels)
        }
    if alert.state is State.FIRING and alert.told_at is not None:
        for route in routes:
            for step in route.policy.escalate:
                if now >= alert.told_at + step.after:
                    for channel in usable(engine, alert, step.channels):
                        ways.setdefault(channel, Way(route=route.name, policy=route.policy, escalated=True))
    return ways


def next_step(alert: Alert, routes: Sequence[Route], now: datetime) -> datetime | None:
    """Return when the next channel is added, should nobody acknowledge the problem."""
    if alert.state is not State.FIRING or alert.told_at is None:
        return None
    steps = (alert.told_at + step.after for route in routes for step in route.policy.escalate)
    return min((at for at in steps if at > now), default=None)


def usable(engine: Engine, alert: Alert | None, channels: Iterable[str]) -> list[str]:
    """Return the channels that can be told: a channel cannot be told that it cannot be told."""
    about = alert.subject if alert is not None and alert.topic is Topic.CHANNEL else None
    return [name for name in channels if name in engine.channels and name != about]
