"""A channel as a card: whether it works, where it leads, and what it has delivered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from tocsin.channels.base import Field
from tocsin.channels.registry import CHANNELS
from tocsin.config.model import ChannelConfig, Config
from tocsin.core.message import Tone
from tocsin.core.outbox import Delivery
from tocsin.core.phrases import minute
from tocsin.core.route import Route
from tocsin.core.words import count
from tocsin.documents.channels import ChannelView, Health
from tocsin.report.strip import Mark, draw_strip

#: Attempts of the strip.
DELIVERIES = 20
TONES = {
    Health.OK: Tone.GOOD,
    Health.NOT_TRIED: Tone.INFO,
    Health.FAILING: Tone.WARNING,
    Health.PAUSED: Tone.WARNING,
    Health.DISABLED: Tone.ERROR,
    Health.UNUSABLE: Tone.ERROR,
}


@dataclass(frozen=True, kw_only=True)
class LastDelivery:
    """The last attempt, with the receiver's answer."""

    at: datetime
    tone: Tone
    #: "200 ok, in 312 ms".
    text: str


@dataclass(frozen=True, kw_only=True)
class FeedLine:
    """What a channel hears of runs, beside alerts."""

    name: str
    state: str
    tone: Tone
    why: str


@dataclass(frozen=True, kw_only=True)
class ChannelCard:
    """What `templates/channels.html` shows of a channel."""

    name: str
    type: str
    #: What such a channel is; empty for a type that is not known.
    summary: str
    origin: str
    state: str
    tone: Tone
    why: str
    last_ok_at: datetime | None
    #: Its settings: no secret among them.
    target: Sequence[tuple[str, str]]
    last: LastDelivery | None
    strip: Element | None
    waiting: str
    #: What leads to it.
    used_by: Sequence[str]
    feeds: Sequence[FeedLine]
    #: Whether a message can be tried.
    usable: bool


def channel_card(
    channel: ChannelConfig, views: Sequence[ChannelView], deliveries: Sequence[Delivery], config: Config
) -> ChannelCard:
    """Return a channel as a card.

    Args:
        channel: As it was configured.
        views: How it is, and after that how its feeds are.
        deliveries: The newest attempts, newest first.
        config: It knows the routes.
    """
    view, *feeds = views
    kind = CHANNELS.get(channel.type)
    return ChannelCard(
        name=channel.name,
        type=channel.type,
        summary=kind.summary if kind is not None else "",
        origin=channel.origin,
        state=view.state.value,
        tone=TONES[view.state],
        why=view.why,
        last_ok_at=view.last_ok_at,
        target=list(_target(channel, kind.fields if kind is not None else ())),
        last=last_delivery(deliveries[0]) if deliveries else None,
        strip=draw_strip([_mark(one) for one in reversed(deliveries)], noun="deliveries") if deliveries else None,
        waiting=f"{count(view.waiting, 'message')}" if view.waiting else "",
        used_by=list(_used_by(channel.name, config)),
        feeds=[FeedLine(name=one.name, state=one.state.value, tone=TONES[one.state], why=one.why) for one in feeds],
        usable=view.state is not Health.UNUSABLE,
    )


def last_delivery(one: Delivery) -> LastDelivery:
    """Return an attempt with the receiver's answer."""
    return LastDelivery(at=one.at, tone=Tone.GOOD if one.ok else Tone.ERROR, text=_answer(one))


def _answer(one: Delivery) -> str:
    said = " ".join(part for part in (str(one.status or ""), one.answer) if part)
    return f"{said or ('taken' if one.ok else 'no answer')}, in {one.took_ms:,} ms"


def _mark(one: Delivery) -> Mark:
    word = "delivered" if one.ok else "refused"
    return Mark(
        at=one.at,
        look="good" if one.ok else "bad",
        sign="" if one.ok else "cross",
        word=word,
        text=f"{minute(one.at)} UTC, {word}: {_answer(one)}",
        seconds=one.took_ms / 1000,
    )


def _target(channel: ChannelConfig, fields: Sequence[Field]) -> Iterator[tuple[str, str]]:
    """Yield the settings. Of a secret it is told that it is there, and of an address only where it leads."""
    known: Mapping[str, Field] = {field.name: field for field in fields}
    for name, value in channel.settings.items():
        field = known.get(name)
        if field is not None and field.url:
            yield name, _host(value)
        elif field is None or field.secret:
            # A name that is not known may be a secret with a slip of the pen in it.
            yield name, f"set in {channel.origins.get(name, channel.origin)}"
        else:
            yield name, value


def _host(url: str) -> str:
    """Return the host of an address: names, passwords and paths may be what lets one in."""
    try:
        parts = urlsplit(url.strip())
        place = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return "set"
    return f"{place}/…" if parts.hostname and parts.path.strip("/") else place if parts.hostname else "set"


def _used_by(name: str, config: Config) -> Iterator[str]:
    for route in _all(config.routes):
        conditions = ", ".join(map(str, route.matchers)) or "no condition"
        if name in route.channels:
            yield f"{route.name} ({conditions})"
        if any(name in step.channels for step in route.policy.escalate):
            yield f"{route.name}, where nobody acknowledges"
    yield from (f"owner {owner}" for owner, names in config.owners.items() if name in names)
    yield from (f"{one.name}, where that fails" for one in config.channels if one.fallback == name)
    if any(one.name == name for one in config.channels):
        yield "what no route and no owner takes" if config.routes or config.owners else "every alert"


def _all(routes: Sequence[Route]) -> Iterator[Route]:
    for route in routes:
        yield route
        yield from _all(route.routes)
