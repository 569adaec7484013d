"""What is said when a silence ends and problems that it muted are still there."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.core.alert import Alert
from tocsin.core.codec import encode
from tocsin.core.compose import name_of
from tocsin.core.digest import WORDS
from tocsin.core.message import Fact, Facts, Message, Paragraph, Tone
from tocsin.core.silence import Silence
from tocsin.core.words import count, listing, moment

_SHOWN = 10


def compose_end(silence: Silence, left: Sequence[Alert]) -> Message:
    """Return the message that names the open alerts, at least one, which a silence no longer mutes."""
    worst = max((alert.severity for alert in left), key=lambda severity: severity.order)
    ended = f"{moment(silence.over_at)}, by {silence.ended_by}" if silence.ended_by else moment(silence.over_at)
    still = "is" if len(left) == 1 else "are"
    names = listing([_named(alert) for alert in left], most=_SHOWN)
    facts = (
        Fact(label="Silence", value=f"{', '.join(map(str, silence.matchers)) or 'everything'}, by {silence.author}"),
        Fact(label="Was for", value=silence.reason),
        Fact(label="Ended", value=ended),
    )
    return Message(
        title=f"silence {silence.id[:8]} ended: {count(len(left), 'alert')} it muted {still} still open",
        tone=Tone(worst.value),
        blocks=(
            Facts(items=facts),
            Paragraph(label="Still open", text=names),
        ),
        footer=f"Tocsin · silence {silence.id[:8]} · tocsin alerts",
        at=silence.over_at,
        severity=worst,
        data={"silence": encode(silence), "alerts": [alert.id for alert in left]},
    )


def _named(alert: Alert) -> str:
    return f"{name_of(alert)} {WORDS.get(alert.kind, alert.kind)} ({alert.id[:8]})"
