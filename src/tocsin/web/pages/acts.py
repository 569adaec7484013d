"""What people do on pages about alerts: plain forms, which lead back to the page with a word on what was done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from tocsin.core.alert import Change
from tocsin.core.schedules.wall_clock import moment_of
from tocsin.core.schedules.zone import zone
from tocsin.engine.accept import accept_level
from tocsin.engine.act import Acted, acknowledge_alert, resolve_alert, snooze_alert
from tocsin.engine.redeliver import redeliver
from tocsin.errors import NotFound, Refused
from tocsin.web.access.login import local_path
from tocsin.web.api.seen import Doer, Id, alert_of, notification_of
from tocsin.web.form import Sent
from tocsin.web.pages.addresses import of_alert
from tocsin.web.problem import Problem
from tocsin.web.server import Server, ThisServer

router = APIRouter(include_in_schema=False)

#: When a night is over.
_MORNING = time(9)
#: The longest text of a known issue.
_LONGEST = 500
_NOT_DONE = "over", "already"
_SAID = {
    "acknowledged": "Acknowledged. Repeats stop until the problem changes or ends; who was told of it hears that.",
    "snoozed": "Snoozed. Nobody hears of it until then, unless it changes or ends.",
    "resolved": "Resolved. If the problem comes back, it is a new alert.",
    "accepted": "Accepted. From the next run on, the new level is what is expected.",
    "noted": "The known issue is kept with the alert.",
    "redelivered": "The message is sent once more.",
    "already": "Nothing has changed: it was so already.",
    "over": "Nothing was done: the alert was over before you asked.",
}


class SnoozeFor(StrEnum):
    """How long an alert is put off."""

    HOUR = "1 h"
    HOURS = "4 h"
    MORNING = "until tomorrow 9:00"

    def end(self, now: datetime, zone_name: str) -> datetime:
        """Return when that is over, which for a morning depends on where one lives."""
        if self is not SnoozeFor.MORNING:
            return now + timedelta(hours=int(self.split()[0]))
        here = zone(zone_name)
        tomorrow = now.astimezone(here).date() + timedelta(days=1)
        return moment_of(datetime.combine(tomorrow, _MORNING), here)


def said(done: str) -> tuple[str, bool] | None:
    """Return what a page says after an act, and whether something was done; None for nothing."""
    return (_SAID[done], done not in _NOT_DONE) if done in _SAID else None


@router.post("/alerts/{alert_id}/acknowledge")
def acknowledge(server: ThisServer, actor: Doer, alert_id: Id, form: Sent) -> Response:
    """Take care of an alert."""
    return _act(
        server,
        actor,
        alert_id,
        form,
        "acknowledged",
        lambda: acknowledge_alert(server.engine, alert_id, by=actor.name, origin=actor.origin, issue=_issue(form)),
    )


@router.post("/alerts/{alert_id}/snooze")
def snooze(server: ThisServer, actor: Doer, alert_id: Id, form: Sent) -> Response:
    """Put an alert off."""
    engine, chosen = server.engine, form.get("for", "")
    if chosen not in set(SnoozeFor):
        raise Problem(422, f"Choose for how long: {', '.join(SnoozeFor)}.")
    until = SnoozeFor(chosen).end(engine.clock(), engine.config.timezone)
    return _act(
        server,
        actor,
        alert_id,
        form,
        "snoozed",
        lambda: snooze_alert(engine, alert_id, until=until, by=actor.name, origin=actor.origin),
    )


@router.post("/alerts/{alert_id}/resolve")
def resolve(server: ThisServer, actor: Doer, alert_id: Id, form: Sent) -> Response:
    """End an alert by hand."""
    return _act(
        server,
        actor,
        alert_id,
        form,
        "resolved",
        lambda: resolve_alert(server.engine, alert_id, by=actor.name, origin=actor.origin),
    )


@router.post("/alerts/{alert_id}/accept")
def accept(server: ThisServer, actor: Doer, alert_id: Id, form: Sent) -> Response:
    """Take an unusual level as the new normal."""
    return _act(
        server,
        actor,
        alert_id,
        form,
        "accepted",
        lambda: accept_level(server.engine, alert_id, by=actor.name, origin=actor.origin),
    )


@router.post("/notifications/{notification_id}/redeliver")
def send_again(server: ThisServer, actor: Doer, notification_id: Id, form: Sent) -> Response:
    """Send a message once more; who asks twice gets no second one."""
    engine = server.engine
    with engine.store.reading() as tx:
        known = notification_of(tx, actor, notification_id)
    try:
        redeliver(engine, known.id, by=actor.name, origin=actor.origin)
    except Refused as error:
        raise Problem(409, str(error)) from error
    server.wake()
    return _back(form, "/alerts", "redelivered")


def _act(
    server: Server, actor: Doer, alert_id: str, form: Sent, done: str, do_it: Callable[[], list[Acted]]
) -> Response:
    """Do something about an alert, if it goes on, and lead back."""
    with server.engine.store.reading() as tx:
        alert = alert_of(tx, actor, alert_id)
    if not alert.open:
        return _back(form, of_alert(alert.id), "over")
    try:
        changes = {each.change for each in do_it()}
    except NotFound as error:
        # It was open a moment ago.
        raise Problem(409, str(error)) from error
    if changes <= {Change.NOTHING}:
        return _back(form, of_alert(alert.id), "already")
    server.wake()
    return _back(form, of_alert(alert.id), "noted" if changes == {Change.ISSUE_NOTED} else done)


def _issue(form: Sent) -> str | None:
    """Return the known issue that was typed; None where the form has no field for it."""
    issue = form.get("issue")
    if issue is not None and len(issue) > _LONGEST:
        raise Problem(422, f"A known issue has {_LONGEST} characters at most. Write the address of a ticket.")
    return issue


def _back(form: Sent, usual: str, done: str) -> Response:
    """Return the way back to the page on which the form stood, with a word on what was done."""
    path, _, query = local_path(form.get("to") or usual).partition("?")
    fields = [(name, value) for name, value in parse_qsl(query) if name != "done"]
    return RedirectResponse(f"{path}?{urlencode([*fields, ('done', done)])}", status_code=303)
