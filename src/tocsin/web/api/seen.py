"""What somebody may see: keys can be for some environments only."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from tocsin.core.access import Scope
from tocsin.core.alert import Alert
from tocsin.core.group import Group
from tocsin.core.outbox import Notification
from tocsin.core.run import Run
from tocsin.store.protocol import Transaction
from tocsin.web.access import Actor, requires
from tocsin.web.problem import Problem

#: Parameters of handlers: who asks.
Reader = Annotated[Actor, requires(Scope.READ)]
Doer = Annotated[Actor, requires(Scope.ACT)]

Name = Annotated[str, Path(max_length=500)]
Id = Annotated[str, Path(max_length=200, description="The whole id.")]
Environment = Annotated[str | None, Query(max_length=500, description="Only of this environment.", examples=["prod"])]


def environment_for(actor: Actor, asked: str | None) -> str | None:
    """Return the environment that a list is about; None for all of them.

    Raises:
        Problem: 403, the key is for others; or 422, it is for several and none was named.
    """
    if asked is not None:
        actor.require_environment(asked)
        return asked
    if actor.environments is None:
        return None
    if len(actor.environments) == 1:
        return next(iter(actor.environments))
    names = ", ".join(sorted(actor.environments))
    raise Problem(422, f"{actor.name} is for the environments {names}. Say which one, for example ?environment=…")


def run_of(tx: Transaction, actor: Actor, run_id: str) -> Run:
    """Return the run with this id.

    Raises:
        Problem: 404, there is none that may be seen.
    """
    run = tx.run(run_id)
    if run is None or not actor.sees(run.environment):
        raise _not_there("run", run_id, "/api/v1/runs")
    return run


def alert_of(tx: Transaction, actor: Actor, alert_id: str) -> Alert:
    """Return the alert with this id; errors are those of `run_of`."""
    found = next((alert for alert in tx.find_alerts(alert_id) if alert.id == alert_id), None)
    if found is None or not _sees(actor, found):
        raise _not_there("alert", alert_id, "/api/v1/alerts?state=all")
    return found


def notification_of(tx: Transaction, actor: Actor, notification_id: str) -> Notification:
    """Return the notification with this id; errors are those of `run_of`."""
    found = tx.notification(notification_id)
    if found is None or not sees_notification(tx, actor, found):
        raise _not_there("notification", notification_id, "/api/v1/notifications")
    return found


def group_of(tx: Transaction, actor: Actor, group_id: str) -> Group:
    """Return the group with this id; errors are those of `run_of`."""
    found = tx.group(group_id)
    if found is None or not sees_group(tx, actor, found):
        raise _not_there("group", group_id, "/api/v1/groups")
    return found


def sees_notification(tx: Transaction, actor: Actor, one: Notification) -> bool:
    """Whether somebody may see a notification; what is about no alert belongs to no environment, and to all."""
    if actor.environments is None:
        return True
    about = one.alert_id or ""
    alerts = [alert for alert in tx.find_alerts(about) if alert.id == about] if about else []
    if not alerts and (group := tx.group(about)) is not None:
        return sees_group(tx, actor, group)
    return bool(alerts) and _sees(actor, alerts[0])


def sees_group(tx: Transaction, actor: Actor, group: Group) -> bool:
    """Whether somebody may see all that a group tells."""
    return actor.environments is None or all(_sees(actor, member.alert) for member in tx.members(group.id))


def _sees(actor: Actor, alert: Alert) -> bool:
    # An alert about a channel has no environment, and concerns everybody whom the channel tells.
    return not alert.environment or actor.sees(alert.environment)


def _not_there(what: str, name: str, where: str) -> Problem:
    return Problem(404, f"There is no {what} with the id {name[:100]!r}. See those that are: GET {where}")
