"""`/channels`: will anybody hear of it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from tocsin.config.model import Problem as ConfigProblem
from tocsin.core.message import Tone
from tocsin.core.words import count
from tocsin.documents.channels import channel_views
from tocsin.engine.channel_test import try_channel
from tocsin.engine.engine import Engine
from tocsin.errors import ConfigError
from tocsin.store.protocol import Transaction
from tocsin.web.api.seen import Doer
from tocsin.web.form import Sent
from tocsin.web.pages.addresses import query
from tocsin.web.pages.channel_card import DELIVERIES, ChannelCard, LastDelivery, channel_card, last_delivery
from tocsin.web.pages.frame import Frame
from tocsin.web.problem import Problem
from tocsin.web.rendering import render
from tocsin.web.server import ThisServer

router = APIRouter(include_in_schema=False)

_HERE = "/channels"
#: Of which settings the problems are shown here.
_ABOUT = ("tocsin.channels", "tocsin.routes", "tocsin.owners", "tocsin.expect")
_WORST_FIRST = tuple(Tone)


@dataclass(frozen=True, kw_only=True)
class ChannelList:
    """What the page shows."""

    verdict: str
    tone: Tone
    #: The worst first.
    cards: Sequence[ChannelCard]
    problems: Sequence[ConfigProblem]
    #: The channel that was tested just now, and what came of it.
    tested: tuple[str, LastDelivery] | None


@router.get("/channels")
def channels(frame: Frame, tested: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Show the channels, the worst first; `tested` is the id of a test message that was sent just now."""
    with frame.engine.store.reading() as tx:
        seen = read_channels(frame.engine, tx, tested)
    page = replace(frame.page(seen.verdict, _HERE, tone=seen.tone), url=_HERE if seen.tested is None else frame.url)
    return render("channels.html", page, view=seen)


@router.post("/channels/test")
def test_channel(server: ThisServer, actor: Doer, form: Sent) -> Response:
    """Send a real message through a channel, and lead to the receiver's answer."""
    try:
        delivery = try_channel(server.engine, form.get("channel", ""), by=actor.name, origin=actor.origin).delivery
    except ConfigError as error:
        raise Problem(409, str(error)) from error
    server.wake()
    return RedirectResponse(f"{_HERE}{query({'tested': delivery.notification_id})}#tested", status_code=303)


def read_channels(engine: Engine, tx: Transaction, tested: str) -> ChannelList:
    """Return what the page shows.

    Args:
        engine: It knows the channels.
        tx: A view of the store.
        tested: The id of a test message; empty for none.
    """
    views = {view.name: view for view in channel_views(engine, tx)}
    names = [channel.name for channel in engine.all_channels]
    last = tx.last_deliveries(names, each=DELIVERIES)
    cards = [
        channel_card(one, [views[name] for name in engine.outlets_of(one.name)], last[one.name], engine.config)
        for one in engine.all_channels
    ]
    cards.sort(key=lambda card: _WORST_FIRST.index(card.tone))
    came_of_it = tx.deliveries(tested)[:1] if tested else ()
    broken = sum(card.tone in {Tone.CRITICAL, Tone.ERROR, Tone.WARNING} for card in cards)
    return ChannelList(
        verdict=_verdict(len(cards), broken),
        tone=cards[0].tone if broken else Tone.GOOD if cards else Tone.WARNING,
        cards=cards,
        problems=[one for one in engine.problems if one.key.startswith(_ABOUT)],
        tested=(came_of_it[0].channel, last_delivery(came_of_it[0])) if came_of_it else None,
    )


def _verdict(number: int, broken: int) -> str:
    """Return whether messages get through, in one sentence."""
    if not number:
        return "Nobody is told: no channel is configured"
    if broken:
        return f"{broken:,} of {count(number, 'channel')} in trouble"
    return f"{count(number, 'channel')}, none in trouble"
