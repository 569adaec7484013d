"""What a silence would mute, told while it is being typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tocsin.core.message import Tone
from tocsin.core.phrases import pipeline, problem, subject, tone_of_alert
from tocsin.core.words import count, listing
from tocsin.engine.silences import Preview

#: Alerts and pipelines that are named.
_NAMED = 8
#: What is over is not looked at: this is asked for at every key.
AT_PRESENT = timedelta(0)


@dataclass(frozen=True, kw_only=True)
class PreviewWords:
    """What `templates/silence_new.html` shows."""

    verdict: str
    tone: Tone
    #: Of each condition: how it is written, and how many open alerts it fits by itself.
    each: Sequence[tuple[str, str]]
    #: The alerts that are named: look, name, what is wrong, address.
    alerts: Sequence[tuple[Tone, str, str, str]]
    more_alerts: int
    #: The pipelines whose alerts it would mute, as far as a pipeline alone can say.
    pipelines: str


def preview_words(found: Preview, conditions: Sequence[str]) -> PreviewWords:
    """Return what is told of a preview.

    Args:
        found: What fits.
        conditions: As they are written, in the order of `found.each`.
    """
    verdict, tone = _verdict(found)
    shown = found.alerts[:_NAMED]
    names = listing([pipeline(*pair) for pair in found.pipelines], most=_NAMED)
    of_all = f"{len(found.pipelines):,} of {count(found.known, 'known pipeline')}"
    return PreviewWords(
        verdict=verdict,
        tone=tone,
        each=[
            (condition, f"{number:,} of {count(found.open, 'open alert')}")
            for condition, number in zip(conditions, found.each, strict=True)
        ],
        alerts=[(tone_of_alert(one), subject(one), problem(one), f"/alerts/{one.id}") for one in shown],
        more_alerts=len(found.alerts) - len(shown),
        pipelines=f"{of_all}: {names}" if names else f"{of_all}.",
    )


def _verdict(found: Preview) -> tuple[str, Tone]:
    if found.alerts:
        subjects = {(alert.subject, alert.environment) for alert in found.alerts}
        return f"Mutes {count(len(found.alerts), 'open alert')} in {count(len(subjects), 'pipeline')}", Tone.INFO
    if found.pipelines:
        return "Mutes no open alert; it would mute what comes", Tone.INFO
    return "Nothing that is known fits: no open alert and no pipeline", Tone.WARNING
