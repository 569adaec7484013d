"""Facts as the phrases and tones in which people see them, in a terminal as on a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tocsin.core.alert import Alert, State
from tocsin.core.compose import short_name
from tocsin.core.explain import summary
from tocsin.core.message import Tone
from tocsin.core.run import Outcome, Run
from tocsin.core.severity import Severity
from tocsin.core.slot import SlotState
from tocsin.core.words import count, duration, ordinal

_OUTCOMES = {
    Outcome.DIED: Tone.CRITICAL,
    Outcome.FAILED: Tone.ERROR,
    Outcome.EXITED: Tone.ERROR,
    Outcome.PARTIAL: Tone.ERROR,
    Outcome.INTERRUPTED: Tone.WARNING,
    Outcome.SUCCEEDED: Tone.GOOD,
    Outcome.NO_DATA: Tone.GOOD,
}

#: What is shorter has no length for people.
_MOMENT = timedelta(seconds=1)
#: How open problems look.
TONES = {
    Severity.CRITICAL: Tone.CRITICAL,
    Severity.ERROR: Tone.ERROR,
    Severity.WARNING: Tone.WARNING,
    Severity.INFO: Tone.INFO,
}

_SLOTS = {
    SlotState.DONE: Tone.GOOD,
    SlotState.COVERED: Tone.GOOD,
    SlotState.FAILED: Tone.ERROR,
    SlotState.MISSED: Tone.ERROR,
    SlotState.UNKNOWN: Tone.WARNING,
}


def ago(at: datetime, now: datetime) -> str:
    """Return "3 min 5 s ago", or "just now"."""
    return f"{duration(now - at)} ago" if now - at >= _MOMENT else "just now"


def stamp(at: datetime) -> str:
    """Return "2026-11-23 05:14:09", in UTC; columns of it are named so."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def minute(at: datetime) -> str:
    """Return "2026-11-23 05:14", in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def tone_of_run(run: Run) -> Tone:
    """Return how the end of a run looks."""
    return tone_of(run.outcome)


def outcome(run: Run) -> str:
    """Return how a run ended, in words."""
    return words_of(run.outcome)


def words_of(ended: Outcome) -> str:
    """Return an outcome in words."""
    return ended.value.replace("_", " ")


def tone_of(ended: Outcome) -> Tone:
    """Return how an outcome looks."""
    return _OUTCOMES.get(ended, Tone.INFO)


def why(run: Run) -> str:
    """Return what went wrong in one line, or an empty text."""
    if run.cause is not None:
        return summary(run.cause)
    return f"{count(len(run.failed_jobs), 'load job')} failed" if run.failed_jobs else run.note or ""


def took(run: Run) -> str:
    """Return the duration of a run, or an empty text while it runs."""
    return duration(run.duration) if run.duration is not None else ""


def tone_of_slot(state: SlotState) -> Tone:
    """Return how what became of a slot looks."""
    return _SLOTS.get(state, Tone.INFO)


def pipeline(name: str, environment: str) -> str:
    """Return "orders", or "orders (prod)" for an environment that has a name; channels are in none."""
    return name if environment in {"", "default"} else f"{name} ({environment})"


def subject(alert: Alert) -> str:
    """Return what an alert is about: a pipeline, one of its tables or checks, or a channel."""
    return pipeline(short_name(alert), alert.environment)


def tone_of_alert(alert: Alert) -> Tone:
    """Return how an alert looks."""
    match alert.state:
        case State.RESOLVED:
            return Tone.GOOD
        case State.ACKNOWLEDGED:
            return Tone.ACKNOWLEDGED
    return TONES[alert.severity]


def kind(alert: Alert) -> str:
    """Return what is wrong in one or two words."""
    return alert.kind.value.replace("_", " ")


def problem(alert: Alert) -> str:
    """Return "failed, 3rd time in a row"."""
    often = f", {ordinal(alert.occurrences)} time in a row" if alert.occurrences > 1 else ""
    return f"{kind(alert)}{often}"
