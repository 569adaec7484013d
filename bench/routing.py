"""How many decisions a second: the way through a large tree of routes, and whether a channel is told.

The alerts are those of a fleet: every pipeline has an owner and tags, and every alert has labels of its own. `cold`
asks for each pipeline for the first time, `warm` again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tocsin.core.alert import Alert, Change, advance
from tocsin.core.finding import Finding, Kind, Topic
from tocsin.core.labels import Labels, labels_of
from tocsin.core.matchers import parse_matcher
from tocsin.core.notify import Told, saying, should_notify
from tocsin.core.policy import Policy
from tocsin.core.route import LABELS, Route
from tocsin.core.routing import Routing
from tocsin.core.severity import Severity

_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
_ROUTES = 200
_ALERTS = 20_000


def routes() -> tuple[Route, ...]:
    """Return a tree of 200 routes: a branch a team, below it patterns, tags and severities."""
    branches = []
    for team in range(_ROUTES // 5):
        leaves = tuple(
            _route(f"team{team} {text}", text)
            for text in (f'pipeline=~"team{team}_pay.*"', 'severity="critical"', 'tags=~"eu-.*"', 'kind!="failed"')
        )
        branches.append(replace(_route(f"team{team}", f'owner="team{team}"'), routes=leaves))
    return tuple(branches)


def alerts() -> list[tuple[Alert, Labels]]:
    """Return the alerts of a fleet with their labels."""
    made = []
    for number in range(_ALERTS):
        team = number % (_ROUTES // 5)
        finding = Finding(
            kind=(Kind.FAILED, Kind.LATE)[number % 2],
            topic=Topic.DELIVERY,
            subject=f"team{team}_job{number}",
            environment="prod",
            severity=(Severity.ERROR, Severity.CRITICAL, Severity.WARNING)[number % 3],
            at=_NOON,
            summary="extract failed",
            reason_key="503",
        )
        alert, _ = advance(None, finding, new_id=str(number))
        if alert is not None:
            made.append((alert, labels_of(alert, owner=f"team{team}", tags=(f"eu-{team}", "daily"))))
    return made


def rate(work: Callable[[Alert, Labels], object], on: Sequence[tuple[Alert, Labels]]) -> int:
    """Return how often a second `work` is done."""
    began = time.perf_counter()
    for alert, labels in on:
        work(alert, labels)
    return round(len(on) / (time.perf_counter() - began))


def measure() -> Iterable[tuple[str, int]]:
    """Yield each figure with its name."""
    fleet = alerts()
    tree = routes()
    routing = Routing(tree)
    policy = Policy()
    now = _NOON + timedelta(hours=1)

    told = Told(at=_NOON, seq=1, said=saying(fleet[0][0]))

    def decide(alert: Alert, labels: Labels) -> None:
        for route in routing.choose(labels):
            should_notify(alert, Change.REPEATED, told, route.policy, now)

    yield "routes, cold", rate(lambda _, labels: routing.choose(labels), fleet)
    yield "routes, warm", rate(lambda _, labels: routing.choose(labels), fleet)
    yield "should_notify", rate(lambda alert, _: should_notify(alert, Change.REPEATED, told, policy, now), fleet)
    yield "routes and should_notify, warm", rate(decide, fleet)


def _route(name: str, text: str) -> Route:
    return Route(name=name, matchers=(parse_matcher(text, labels=LABELS),), channels=("ops",))


if __name__ == "__main__":
    for name, decided in measure():
        print(json.dumps({"routes": _ROUTES, "alerts": _ALERTS, "decision": name, "a second": decided}), flush=True)
