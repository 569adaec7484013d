"""`/act/…`: what a link in a message does, asked once more before it is done.

Mail scanners and the previews of chats open every link, so to open one changes nothing. It needs no login: who has the
message has the link, and it acts on one alert.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from tocsin.core.access import Action
from tocsin.core.action_link import ActionLink
from tocsin.core.alert import Alert, Change
from tocsin.core.phrases import problem, subject, tone_of_alert
from tocsin.engine.act import acknowledge_alert, snooze_alert
from tocsin.engine.action_links import SNOOZED_FOR, read_link, why_not
from tocsin.engine.engine import Engine
from tocsin.store.protocol import Transaction
from tocsin.web.access.access import access_of, origin_of
from tocsin.web.pages.addresses import of_alert
from tocsin.web.rendering import Page, render
from tocsin.web.server import OpenEngine, ThisServer

router = APIRouter(include_in_schema=False)

_Token = Annotated[str, Path(max_length=2000)]
_ASKS = {
    Action.ACKNOWLEDGE: (
        "Acknowledge",
        "Repeats stop until the problem changes or ends. Who was told of it hears that.",
    ),
    Action.SNOOZE: ("Snooze for 2 hours", "Nobody hears of it for 2 hours, unless it changes or ends."),
}
_DONE = {
    Action.ACKNOWLEDGE: "Acknowledged. Repeats stop until the problem changes or ends.",
    Action.SNOOZE: "Snoozed for 2 hours. Nobody hears of it until then, unless it changes or ends.",
}


async def _user(request: Request) -> str | None:
    """Return the name of who is logged in; the link itself says who may act."""
    access = access_of(request)
    access.require_our_site(request, unknown=True)
    user = await access.logged_in(request)
    return user.name if user is not None else None


_User = Annotated[str | None, Depends(_user)]


@router.get("/act/{token}")
def ask(engine: OpenEngine, request: Request, user: _User, token: _Token) -> Response:
    """Show what the link would do, and a button that does it."""
    with engine.store.reading() as tx:
        meant = _meant(tx, token)
    return _shown(engine, request, user, meant)


@router.post("/act/{token}")
def act(server: ThisServer, request: Request, user: _User, token: _Token) -> Response:
    """Do it; who does it twice is told that it is done."""
    engine = server.engine
    with engine.store.reading() as tx:
        meant = _meant(tx, token)
    if meant is None or why_not(*meant, engine.clock()):
        return _shown(engine, request, user, meant)
    link, alert = meant
    by, origin = user or f"link from {link.channel}", origin_of(request)
    if link.action is Action.ACKNOWLEDGE:
        [acted] = acknowledge_alert(engine, alert.id, by=by, origin=origin)
    else:
        [acted] = snooze_alert(engine, alert.id, until=engine.clock() + SNOOZED_FOR, by=by, origin=origin)
    if acted.change is Change.NOTHING:
        return _shown(engine, request, user, (link, acted.alert))
    server.wake()
    return _shown(engine, request, user, (link, acted.alert), done=_DONE[link.action])


def _meant(tx: Transaction, token: str) -> tuple[ActionLink, Alert] | None:
    """Return what a link does and the alert that it is about; None where there is no such link or alert."""
    link = read_link(tx, token)
    if link is None:
        return None
    found = next((alert for alert in tx.find_alerts(link.alert_id) if alert.id == link.alert_id), None)
    return (link, found) if found is not None else None


def _shown(
    engine: Engine, request: Request, user: str | None, meant: tuple[ActionLink, Alert] | None, *, done: str = ""
) -> Response:
    page = Page(
        title="A link from a message", here="", now=engine.clock(), url=request.url.path, actor=None, live=False
    )
    if meant is None:
        return render("action_link.html", page, status=404, alert=None)
    link, alert = meant
    ask, means = _ASKS[link.action]
    refused = "" if done else why_not(link, alert, engine.clock())
    return render(
        "action_link.html",
        page,
        status=409 if refused and request.method == "POST" else 200,
        alert=alert,
        subject=subject(alert),
        problem=problem(alert),
        tone=tone_of_alert(alert),
        ask=ask,
        means=means,
        done=done,
        refused=refused,
        by=user or f"link from {link.channel}",
        url=of_alert(alert.id),
    )
