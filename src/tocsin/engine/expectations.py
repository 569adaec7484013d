"""Whether those hear who are to hear: the tests of the routes that a configuration brings along."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tocsin.config.model import Config, Expected, Problem
from tocsin.core.named_moment import next_moment
from tocsin.core.words import duration
from tocsin.engine.engine import Engine
from tocsin.engine.explain_route import Heard, explain, muted_words


def unmet(engine: Engine, config: Config, now: datetime) -> Iterator[Problem]:
    """Yield the expectations that do not hold, with the reason.

    Silences do not count: they are of today, and the configuration is not.

    Args:
        engine: The engine that was opened for `config`.
        config: The configuration as it was read; that of the engine has lost the channels that cannot be used.
        now: The present, aware.
    """
    channels = [channel.name for channel in config.channels]
    for one in config.expected:
        for key, why in _unmet(engine, channels, one, now):
            yield Problem(origin=one.origin, key=f"{one.key}.{key}", found=None, remedy=why)


def _unmet(engine: Engine, channels: list[str], one: Expected, now: datetime) -> Iterator[tuple[str, str]]:
    at = next_moment(one.at, now) if one.at is not None else now
    found = explain(engine, channels, one.labels, at, silences=())
    heard = {each.channel: each for each in found.heard}
    unheard = {each.channel: each for each in found.unheard}
    for name in one.reaches:
        if name in unheard:
            yield "reaches", f"{name} does not hear of it: {'; '.join(unheard[name].why)}"
        elif not _in_time(heard[name], one):
            yield "reaches", f"{name} hears of it only {_how(heard[name])}"
    for name in one.reaches_not:
        if name in heard and _in_time(heard[name], one):
            yield "reaches_not", f"{name} hears of it: {_how(heard[name])}"


def _in_time(heard: Heard, one: Expected) -> bool:
    if one.within is None:
        return heard.at_once
    return heard.after + heard.waits <= one.within


def _how(heard: Heard) -> str:
    """Return "after 15 min 30 s, by route 2: nobody has acknowledged it"."""
    when = heard.after + heard.waits
    after = f"after {duration(when)}" if when else "at once"
    held = "; held back: " + ", then ".join(map(muted_words, heard.muted)) if heard.muted else ""
    return f"{after}, by {heard.route} ({heard.reason}){held}"
