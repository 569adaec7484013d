"""One message about many problems: what they have in common first, then what each is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from tocsin.core.alert import Alert, State
from tocsin.core.compose import TONES, UNNAMED, short_name
from tocsin.core.finding import Topic, Trait
from tocsin.core.group import Group, Member
from tocsin.core.message import Block, Fact, Facts, Message, Paragraph, Tone
from tocsin.core.severity import Severity
from tocsin.core.words import count, listing, moment

#: Problems that are shown with their reason, and names that follow.
_SHOWN, _NAMED = 10, 40
#: What at least this part of the problems have in common is worth saying.
_COMMON = 0.5
#: What is wrong, behind a name.
WORDS = {
    "failed": "failed",
    "partial": "loaded only a part",
    "exited": "exited early",
    "interrupted": "interrupted",
    "died": "died",
    "pending_only": "loaded only a pending package",
    "not_started": "not started",
    "late": "late",
    "stuck": "stuck",
    "volume": "unusual volume",
    "duration": "slow",
    "schema": "changed schema",
    "stale": "stale",
    "duplicate": "loaded twice",
    "check": "failed check",
    "check_error": "check that cannot run",
    "channel": "cannot deliver",
}
_NOUNS = {Topic.DELIVERY: "pipeline", Topic.CHANNEL: "channel", Topic.CHECK: "check", Topic.DURATION: "pipeline"}
_COMMON_WORDS = {
    Trait.CAUSE: "for the same reason: {}",
    Trait.UPSTREAM: "come after {}, which is in trouble itself",
    Trait.DESTINATION: "load to {}",
    Trait.HOST: "ran on {}",
}


def digest(group: Group, members: Sequence[Member], now: datetime) -> Message:
    """Return the message of a group.

    Args:
        group: The group before this message.
        members: All problems that it ever told or is about to tell, in any order; at least one.
        now: The present, aware.
    """
    alerts = [member.alert for member in members]
    going_on = sorted((alert for alert in alerts if alert.open), key=lambda a: (-a.severity.order, a.since, a.subject))
    worst = max((alert.severity for alert in going_on), key=lambda severity: severity.order, default=Severity.INFO)
    over = sorted((m.alert for m in members if m.news and not m.alert.open), key=lambda alert: alert.subject)
    return Message(
        title=_title(alerts, going_on),
        tone=_tone(going_on, worst),
        blocks=tuple(_blocks(group, alerts, going_on, over)),
        footer=f"Tocsin · group {group.id[:8]}" + (f" · tocsin ack {group.id[:8]}" if going_on else ""),
        at=now,
        alert_id=group.id,
        severity=worst,
        data=_data(group, alerts, going_on),
    )


def _title(alerts: Sequence[Alert], going_on: Sequence[Alert]) -> str:
    environments = {alert.environment for alert in alerts} - UNNAMED
    where = f" ({environments.pop()})" if len(environments) == 1 else ""
    if not going_on:
        return (
            f"all {_problems(alerts)} are over{where}" if len(alerts) > 1 else f"{short_name(alerts[0])}: over{where}"
        )
    kinds = Counter(WORDS.get(alert.kind, alert.kind) for alert in going_on).most_common()
    if len(going_on) < len(alerts):
        return f"{len(going_on):,} of {_problems(alerts)} go on{where}"
    if len(kinds) == 1:
        return f"{_subjects(alerts)} {kinds[0][0]}{where}"
    said = ", ".join(f"{number:,} {kind}" for kind, number in kinds)
    return f"{_subjects(alerts)} in trouble: {said}{where}"


def _blocks(group: Group, alerts: Sequence[Alert], going_on: Sequence[Alert], over: Sequence[Alert]) -> Sequence[Block]:
    taken = sum(1 for alert in going_on if alert.state is State.ACKNOWLEDGED)
    common = _common(going_on)
    cause = common.get(Trait.CAUSE)
    facts = [
        *(Fact(label="In common", value=_say(trait, value, going_on)) for trait, value in common.items()),
        Fact(label="Group", value=", ".join(f"{label} {value}" for label, value in group.labels.items() if value)),
        Fact(label="Since", value=moment(min(alert.since for alert in alerts))),
        Fact(label="Acknowledged", value=f"{taken:,} of {len(going_on):,}" if taken else ""),
        Fact(label="Over now", value=listing([short_name(alert) for alert in over], most=_NAMED)),
    ]
    blocks: list[Block] = [Facts(items=tuple(fact for fact in facts if fact.value))]
    if going_on:
        blocks += _named(going_on, cause)
        do = f"tocsin alerts lists them, tocsin ack {group.id[:8]} acknowledges all of them."
        blocks.append(Paragraph(label="Do", text=do))
    return blocks


def _common(going_on: Sequence[Alert]) -> dict[Trait, str]:
    """Return what many of the problems have in common, the likeliest cause first."""
    common = {}
    for trait in _COMMON_WORDS:
        values = Counter(value for alert in going_on if (value := alert.traits.get(trait)))
        for value, number in values.most_common(1):
            if number > 1 and number >= _COMMON * len(going_on):
                common[trait] = value
    return common


def _say(trait: Trait, value: str, going_on: Sequence[Alert]) -> str:
    sharing = [alert for alert in going_on if alert.traits.get(trait) == value]
    who = f"all {len(sharing):,}" if len(sharing) == len(going_on) else f"{len(sharing):,} of {len(going_on):,}"
    # What failures have in common is compared without numbers and names; one of them is shown as it was said.
    shown = sharing[0].traits.get(Trait.REASON, value) if trait is Trait.CAUSE else value
    return f"{who} {_COMMON_WORDS[trait].format(shown)}"


def _named(going_on: Sequence[Alert], cause: str | None) -> list[Block]:
    """Name every problem: with its own reason where it is not the common one."""
    alike = [alert for alert in going_on if cause is not None and alert.traits.get(Trait.CAUSE) == cause]
    others = [alert for alert in going_on if cause is None or alert.traits.get(Trait.CAUSE) != cause]
    blocks: list[Block] = []
    if alike:
        names = listing([short_name(alert) for alert in alike], most=_NAMED)
        blocks.append(Paragraph(label="For the same reason", text=names))
    if others:
        blocks.append(
            Facts(items=tuple(Fact(label=short_name(alert), value=_line(alert)) for alert in others[:_SHOWN]))
        )
    if rest := others[_SHOWN:]:
        names = listing([short_name(alert) for alert in rest], most=_NAMED)
        blocks.append(Paragraph(label=f"And {len(rest):,} more", text=names))
    return blocks


def _line(alert: Alert) -> str:
    known = ", acknowledged" if alert.state is State.ACKNOWLEDGED else ""
    return f"{WORDS.get(alert.kind, alert.kind)}{known}: {alert.summary}"


def _tone(going_on: Sequence[Alert], worst: Severity) -> Tone:
    if not going_on:
        return Tone.GOOD
    taken = all(alert.state is State.ACKNOWLEDGED for alert in going_on)
    return Tone.ACKNOWLEDGED if taken else TONES[worst]


def _subjects(alerts: Sequence[Alert]) -> str:
    topics = {alert.topic for alert in alerts}
    noun = _NOUNS.get(topics.pop(), "table") if len(topics) == 1 else ""
    return count(len(alerts), noun or "problem")


def _problems(alerts: Sequence[Alert]) -> str:
    return count(len(alerts), "problem")


def _data(group: Group, alerts: Sequence[Alert], going_on: Sequence[Alert]) -> dict[str, object]:
    return {
        "group": {"id": group.id, "route": group.route, "labels": dict(group.labels), "message": group.seq + 1},
        "problems": len(alerts),
        "open": len(going_on),
        "alerts": [
            {
                "id": alert.id,
                "subject": alert.subject,
                "item": alert.item,
                "environment": alert.environment,
                "kind": alert.kind.value,
                "severity": alert.severity.value,
                "state": alert.state.value,
                "summary": alert.summary,
            }
            for alert in (going_on or alerts)[:_NAMED]
        ],
    }
