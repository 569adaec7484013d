"""How a pipeline is, in a sentence: "Failing since 02:00, 3 runs in a row"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from tocsin.core.alert import Alert
from tocsin.core.finding import Kind
from tocsin.core.message import Tone
from tocsin.core.phrases import kind, outcome, tone_of_alert, tone_of_run
from tocsin.core.run import Outcome, Run
from tocsin.core.words import count

#: What goes on while an alert is open; `{}` is the table, step or check that it is about.
_GOES_ON = {
    Kind.FAILED: "Failing",
    Kind.PARTIAL: "Loading only in part",
    Kind.EXITED: "Ending before its time",
    Kind.DIED: "Dying",
    Kind.PENDING_ONLY: "Loading only what was left over",
    Kind.VOLUME: "Unusual number of rows in {}",
    Kind.DURATION: "Slower than usual: {}",
    Kind.SCHEMA: "Changed: {}",
    Kind.STALE: "Nothing new in {}",
    Kind.DUPLICATE: "Loaded twice: {}",
    Kind.CHECK: "Check {} fails",
    Kind.CHECK_ERROR: "Check {} cannot be run",
}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a pipeline is."""

    #: "Failing", "Going well".
    words: str
    tone: Tone
    #: Since when; None where that is not known.
    since: datetime | None = None
    #: What else there is to say: "3 runs in a row", "2 more problems".
    more: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ", ".join((self.words, *self.more))


def in_brief(open_alerts: Sequence[Alert], last: Run | None) -> tuple[str, Tone]:
    """Return how a pipeline is, in a few words for one row of many: "failed, 2 more".

    Args:
        open_alerts: The worst first.
        last: Its newest run.
    """
    if open_alerts:
        worst, *others = open_alerts
        item = f" {worst.item}" if worst.item else ""
        more = f", {len(others):,} more" if others else ""
        return f"{kind(worst)}{item}{more}", tone_of_alert(worst)
    return (outcome(last), tone_of_run(last)) if last is not None else ("never ran", Tone.INFO)


def standing(runs: Sequence[Run], open_alerts: Sequence[Alert]) -> Standing:
    """Return how a pipeline is.

    Args:
        runs: Its newest ones, newest first.
        open_alerts: The worst first.
    """
    if open_alerts:
        return _in_trouble(open_alerts[0], len(open_alerts) - 1)
    if not runs:
        return Standing(words="Never ran", tone=Tone.INFO)
    last = runs[0]
    if not last.outcome.ok:
        words = "Running" if last.outcome is Outcome.RUNNING else f"{outcome(last).capitalize()}, nothing is open"
        return Standing(words=words, tone=tone_of_run(last), since=last.started_at)
    streak = [*takewhile(lambda run: run.outcome.ok, runs)]
    # Where the beginning was not read it is not known.
    since = streak[-1].started_at if len(streak) < len(runs) else None
    return Standing(words="Going well", tone=Tone.GOOD, since=since, more=_in_a_row(len(streak)))


def _in_trouble(worst: Alert, others: int) -> Standing:
    words = _GOES_ON.get(worst.kind, kind(worst).capitalize()).format(worst.item or "the whole run")
    more = (*_in_a_row(worst.occurrences), *([count(others, "more problem")] if others else []))
    return Standing(words=words, tone=tone_of_alert(worst), since=worst.since, more=more)


def _in_a_row(runs: int) -> tuple[str, ...]:
    return (f"{count(runs, 'run')} in a row",) if runs > 1 else ()
