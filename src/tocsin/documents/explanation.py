"""Who would hear of a problem, in the words that a command and a page show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tocsin.core.message import Tone
from tocsin.core.notify import Reason
from tocsin.core.phrases import pipeline
from tocsin.core.route import Route
from tocsin.core.words import duration, moment
from tocsin.documents.channels import ChannelView
from tocsin.engine.explain_route import Explanation, Heard, muted_words

#: Labels that the title does not say.
_SHOWN = ("severity", "owner", "table", "check", "tags")


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Channels of which the same is said."""

    channels: Sequence[str]
    #: Without full stops.
    sentences: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ExplanationWords:
    """An explanation as people read it."""

    #: "orders (prod): failed, 23 Nov 2026 12:00:00 UTC".
    title: str
    #: What is known of the problem, and which routes it takes.
    facts: Sequence[tuple[str, str]]
    #: The first to hear come first.
    heard: Sequence[Alike]
    #: What else there is to say of those who hear.
    remarks: Sequence[tuple[str, Tone]]
    unheard: Sequence[Alike]


def explanation_words(found: Explanation, states: Mapping[str, ChannelView]) -> ExplanationWords:
    """Return the explanation for people.

    Args:
        found: The explanation.
        states: The channels by name, as they are now.
    """
    labels = [(name.capitalize(), _text(found.labels[name])) for name in _SHOWN]
    return ExplanationWords(
        title=f"{_problem(found)}, {moment(found.at)}",
        facts=[*labels, ("Takes", _taken(found.routes))],
        heard=_alike((one.channel, tuple(_sentences(found, one, states[one.channel]))) for one in found.heard),
        remarks=list(_remarks(found)),
        unheard=_alike((one.channel, one.why) for one in found.unheard),
    )


def explanation_document(found: Explanation, states: Mapping[str, ChannelView]) -> dict[str, object]:
    """Return the explanation with every field."""
    return {
        "at": found.at,
        "labels": found.labels,
        "routes": [{"name": route.name, "conditions": list(map(str, route.matchers))} for route in found.routes],
        "fallback": found.fallback,
        "heard": [
            {
                "channel": one.channel,
                "state": states[one.channel].state,
                "route": one.route,
                "reason": one.reason,
                "at": found.at + one.after,
                "waits_seconds": one.waits.total_seconds(),
                "group": one.group,
                "muted": [
                    {"reason": muted.reason, "because": muted.because, "until": muted.until} for muted in one.muted
                ],
                "repeat_every_seconds": one.repeat_every.total_seconds(),
            }
            for one in found.heard
        ],
        "unheard": [
            {"channel": one.channel, "state": states[one.channel].state, "why": one.why} for one in found.unheard
        ],
    }


def _alike(said: Iterable[tuple[str, tuple[str, ...]]]) -> list[Alike]:
    alike: dict[tuple[str, ...], list[str]] = {}
    for channel, sentences in said:
        alike.setdefault(sentences, []).append(channel)
    return [Alike(channels=channels, sentences=sentences) for sentences, channels in alike.items()]


def _remarks(found: Explanation) -> Iterator[tuple[str, Tone]]:
    if not found.heard:
        yield "Nobody.", Tone.ERROR
    if found.fallback:
        yield "The route leads to no channel that can be used, so every other one hears.", Tone.WARNING
    if storms := {one.group_above for one in found.heard if one.group_above is not None and one.group is None}:
        most = " or ".join(map(str, sorted(storms)))
        yield f"Beyond {most} new problems within a minute it comes with the others, in one message.", Tone.INFO


def _sentences(found: Explanation, one: Heard, state: ChannelView) -> Iterator[str]:
    """Yield when a channel hears, what comes before that and after it, and what may come in its way."""
    when = "at once" if one.at_once else f"{moment(found.at + one.after)}, after {duration(one.after)}"
    by = f", by {one.route}" if any(route.key and route.name == one.route for route in found.routes) else ""
    because = f", as {one.reason}" if one.reason is Reason.ESCALATED else ""
    yield f"{when}{by}{because}"
    if one.group is not None:
        alike = ", ".join(f"{label} {value or 'none'}" for label, value in one.group.items())
        waits = f", for which it waits {duration(one.waits)}" if one.waits else ""
        yield f"in one message with others of {alike}{waits}"
    if one.muted:
        yield f"held back: {', then '.join(map(muted_words, one.muted))}"
    yield f"again every {duration(one.repeat_every)}"
    if not state.works:
        yield f"but at present it is {state.state} ({state.why}), and what it does not deliver goes to others"


def _taken(routes: tuple[Route, ...]) -> str:
    """Return the routes with their conditions; one that is not configured is where everything else goes."""
    (first, *_) = routes
    if not first.key:
        return f"{first.name}, as no route matches"
    shown = [f"{route.name} ({', '.join(map(str, route.matchers)) or 'no condition'})" for route in routes]
    return " and ".join(shown)


def _problem(found: Explanation) -> str:
    if channel := _text(found.labels["channel"]):
        return f"channel {channel}: cannot deliver"
    name, environment, kind = (_text(found.labels[label]) for label in ("pipeline", "environment", "kind"))
    return f"{pipeline(name, environment)}: {kind.replace('_', ' ')}"


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value)
