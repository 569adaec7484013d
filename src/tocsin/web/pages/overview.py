"""`/`: is anything wrong, since when, and who knows?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

from fastapi import APIRouter, Query, Response

from tocsin.core.alert import Alert
from tocsin.core.attribution import Start
from tocsin.core.expectation import Expectation
from tocsin.core.finding import Topic, fingerprint
from tocsin.core.message import Tone
from tocsin.core.overview import Show, Standing
from tocsin.core.phrases import TONES, kind, outcome, pipeline, tone_of_alert, tone_of_run, took, words_of
from tocsin.core.run import Outcome, Run
from tocsin.core.words import count
from tocsin.report.facts import urgency
from tocsin.report.strip import draw_brief
from tocsin.store.protocol import Transaction
from tocsin.web.api.pipelines import cursor_of, place_of
from tocsin.web.pages.addresses import of_pipeline
from tocsin.web.pages.alert_card import READ, AlertCard, card_of
from tocsin.web.pages.frame import Frame
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

#: Pipelines of one page, runs of a strip, and cards of problems.
_ROWS, _RUNS, _CARDS = 50, 30, 12
_Name = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One pipeline in the table."""

    name: str
    url: str
    state: str
    tone: Tone
    strip: Element | None
    last: Run | None
    took: str
    next_due: datetime | None
    #: The zone of its schedule.
    zone: str


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What the page shows."""

    verdict: str
    tone: Tone
    counts: str
    cards: Sequence[AlertCard]
    more_cards: int
    rows: Sequence[Row]
    #: All pipelines, whatever the filter.
    total: int
    #: Where the next rows are; empty at the end.
    older: str
    running: bool


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What was chosen in the address."""

    search: str = ""
    show: Show | None = None
    environment: str | None = None
    cursor: str | None = None

    @property
    def any(self) -> bool:
        """Whether some pipelines are left out."""
        return bool(self.search or self.show or self.environment)

    def url(self, **changes: str | None) -> str:
        """Return the address of the page with this choice."""
        given = {"q": self.search, "show": self.show, "environment": self.environment, **changes}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"/?{query}" if query else "/"


@router.get("/")
def overview(
    frame: Frame,
    *,
    q: _Name = "",
    show: Annotated[str, Query(max_length=20)] = "",
    environment: _Name = "",
    cursor: Annotated[str | None, Query(max_length=1000, pattern="^[A-Za-z0-9_-]+$")] = None,
) -> Response:
    """Show what is wrong, and all pipelines, the worst first."""
    shown = Show(show) if show in set(Show) else None
    chosen = Chosen(search=q.strip(), show=shown, environment=frame.environment(environment), cursor=cursor)
    with frame.engine.store.reading() as tx:
        seen = read_overview(tx, chosen, [channel.name for channel in frame.engine.config.channels])
    page = frame.page(seen.verdict, "/", tone=seen.tone, running=seen.running)
    return render("overview.html", page, view=seen, chosen=chosen, choices=tuple(Show))


def read_overview(tx: Transaction, chosen: Chosen, channels: Sequence[str]) -> Overview:
    """Return what the page shows.

    Args:
        tx: A view of the store.
        chosen: Which pipelines.
        channels: Those that may be in trouble themselves.
    """
    here = chosen.environment
    found = tx.worst_first(
        environment=here, search=chosen.search, show=chosen.show, after=place_of(chosen.cursor), limit=_ROWS + 1
    )
    standings, beyond = found[:_ROWS], found[_ROWS:]
    names = [(one.pipeline, one.environment) for one in standings]
    starts = tx.recent_starts(names, each=_RUNS) if names else {}
    expected = tx.expectations_of(names) if names else {}
    outcomes, problems = tx.count_pipelines(environment=here), tx.count_open_alerts(environment=here)
    urgent = [] if chosen.any or chosen.cursor else _urgent(tx, standings, channels)
    told = tx.notifications_of([alert.id for alert in urgent], each=READ) if urgent else {}
    running, total, open_alerts = outcomes.get(Outcome.RUNNING, 0), sum(outcomes.values()), sum(problems.values())
    return Overview(
        verdict=_verdict(open_alerts, total),
        tone=max((TONES[severity] for _, severity in problems), key=tuple(reversed(Tone)).index, default=Tone.GOOD),
        counts=_counts(outcomes),
        cards=[card_of(alert, told.get(alert.id, ())) for alert in urgent],
        more_cards=open_alerts - len(urgent) if urgent else 0,
        rows=[_row(one, starts.get(name, ()), expected.get(name)) for one, name in zip(standings, names, strict=True)],
        total=total,
        older=chosen.url(cursor=cursor_of(standings[-1].place)) if beyond else "",
        running=running > 0,
    )


def _urgent(tx: Transaction, standings: Sequence[Standing], channels: Sequence[str]) -> list[Alert]:
    """Return the problems that are worst: those of the first pipelines, and of channels."""
    of_channels = tx.open_alerts([fingerprint(Topic.CHANNEL, "", channel, "") for channel in channels])
    of_pipelines = (alert for one in standings for alert in one.alerts)
    return sorted((*of_channels.values(), *of_pipelines), key=urgency)[:_CARDS]


def _verdict(open_alerts: int, total: int) -> str:
    """Return whether all is well, in one sentence."""
    if open_alerts:
        return f"{count(open_alerts, 'problem')} in {count(total, 'pipeline')}"
    return f"No problem in {count(total, 'pipeline')}" if total else "No run has been seen yet"


def _counts(outcomes: Mapping[Outcome, int]) -> str:
    """Return how the last runs of all pipelines ended: "41 succeeded, 3 failed"."""
    often = sorted(outcomes.items(), key=lambda item: -item[1])
    return ", ".join(f"{number:,} {words_of(ended)}" for ended, number in often)


def _row(one: Standing, starts: Sequence[Start], expected: Expectation | None) -> Row:
    words, tone = _state(one)
    return Row(
        name=pipeline(one.pipeline, one.environment),
        url=of_pipeline(one.pipeline, one.environment),
        state=words,
        tone=tone,
        strip=draw_brief(starts) if starts else None,
        last=one.run,
        took=took(one.run) if one.run is not None else "",
        next_due=expected.next_slot_at if expected is not None else None,
        zone=expected.schedule.timezone if expected is not None else "",
    )


def _state(one: Standing) -> tuple[str, Tone]:
    """Return how a pipeline is, in a few words."""
    if one.alerts:
        worst, *others = sorted(one.alerts, key=urgency)
        item = f" {worst.item}" if worst.item else ""
        more = f", {len(others):,} more" if others else ""
        return f"{kind(worst)}{item}{more}", tone_of_alert(worst)
    return (outcome(one.run), tone_of_run(one.run)) if one.run is not None else ("never ran", Tone.INFO)
