"""Who would hear of a problem, as a command shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tocsin.cli.screen import Screen
from tocsin.core.message import Tone
from tocsin.documents.channels import ChannelView
from tocsin.documents.explanation import Alike, explanation_words
from tocsin.engine.explain_route import Explanation


def show_explanation(screen: Screen, found: Explanation, states: Mapping[str, ChannelView]) -> None:
    """Show who hears and who does not.

    Args:
        screen: Where to.
        found: The explanation.
        states: The channels by name, as they are now.
    """
    words = explanation_words(found, states)
    screen.heading(words.title)
    screen.facts(words.facts)
    screen.heading("Who hears, if nobody acknowledges it")
    screen.facts(_lines(words.heard))
    for text, tone in words.remarks:
        screen.line(text, None if tone is Tone.INFO else tone)
    if words.unheard:
        screen.heading("Who does not")
        screen.facts(_lines(words.unheard))


def _lines(said: Sequence[Alike]) -> list[tuple[str, str]]:
    return [(", ".join(one.channels), "; ".join(one.sentences)) for one in said]
