"""What is typed into the form of a silence, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tocsin.core.labels import Labels
from tocsin.core.matchers import Matcher, parse_matcher
from tocsin.core.route import LABELS
from tocsin.core.silence import Silence, mutes_everything, no_limit
from tocsin.core.typed_time import EXAMPLES, read_time

#: Patterns are tried on every alert, so they are few and short.
_CONDITIONS, _LONGEST_CONDITION, _LONGEST_REASON = 20, 200, 500
#: What a silence of an alert asks for, where the alert says it.
_OF_ALERT = ("pipeline", "channel", "environment", "topic", "table", "check")
#: The lengths that are a click away: what stands on the button, and what it types.
LENGTHS = (("1 h", "1h"), ("2 h", "2h"), ("until 9:00", "9:00"), ("1 day", "1d"))


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A silence as it is typed."""

    #: One a line.
    conditions: str = ""
    #: Empty: at once.
    start: str = ""
    end: str = "2h"
    reason: str = ""
    #: Whether it was said that everything is meant.
    everything: bool = False


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a draft means. `wrong` tells by the names of fields what is not usable in it."""

    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    reason: str
    #: Why it mutes everything; empty where it does not.
    no_limit: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)


def check(draft: Draft, now: datetime, zone: str) -> Checked:
    """Return what a draft means.

    Args:
        draft: What was typed.
        now: The present, aware.
        zone: That of times which name none.
    """
    wrong: dict[str, str] = {}
    matchers = _matchers(draft.conditions, wrong)
    starts_at = _time(draft.start, "start", now, zone, wrong) if draft.start.strip() else now
    ends_at = _time(draft.end, "end", starts_at, zone, wrong)
    if not wrong and ends_at <= max(starts_at, now):
        wrong["end"] = f"It would be over before it begins. Write a later time, for example {EXAMPLES}."
    reason = draft.reason.strip()
    if not reason:
        wrong["reason"] = "Whoever asks why nobody was told reads it. Write for example: the warehouse is moved."
    elif len(reason) > _LONGEST_REASON:
        wrong["reason"] = f"A reason has {_LONGEST_REASON} characters at most; this one has {len(reason):,}."
    unlimited = no_limit(matchers) if "conditions" not in wrong and mutes_everything(matchers) else ""
    if unlimited and not draft.everything:
        wrong["everything"] = "It would mute every alert. Say that this is meant, or add a condition."
    return Checked(
        matchers=matchers, starts_at=starts_at, ends_at=ends_at, reason=reason, no_limit=unlimited, wrong=wrong
    )


def draft_for(labels: Labels) -> Draft:
    """Return a silence that mutes the alert with these labels, and what is like it."""
    asked = [(name, labels.get(name, "")) for name in _OF_ALERT]
    return Draft(conditions=_lines([_is(name, value) for name, value in asked if value and isinstance(value, str)]))


def draft_again(silence: Silence) -> Draft:
    """Return a silence with the conditions and the reason of another one."""
    return Draft(conditions=_lines(silence.matchers), reason=silence.reason)


def _is(label: str, value: str) -> Matcher:
    return Matcher(label=label, operator="=", value=value)


def _lines(matchers: Sequence[Matcher]) -> str:
    return "\n".join(map(str, matchers))


def _matchers(text: str, wrong: dict[str, str]) -> tuple[Matcher, ...]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        wrong["conditions"] = 'Write at least one, for example pipeline="orders" or severity=~"warning|error".'
    elif len(lines) > _CONDITIONS or max(map(len, lines)) > _LONGEST_CONDITION:
        wrong["conditions"] = f"Write {_CONDITIONS} lines of {_LONGEST_CONDITION} characters at most."
    else:
        try:
            return tuple(parse_matcher(line, labels=LABELS) for line in lines)
        except ValueError as error:
            wrong["conditions"] = f"{error}."
    return ()


def _time(text: str, name: str, start: datetime, zone: str, wrong: dict[str, str]) -> datetime:
    try:
        return read_time(text, start=start, zone=zone)
    except ValueError as error:
        wrong[name] = f"{error}."
        return start
