"""`/`: is anything wrong, since when, and who knows?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated
from xml.etree.ElementTree import Element

from fastapi import APIRouter, Query, Response

from tocsin.core.alert import Alert
from tocsin.core.attribution import Start
from tocsin.core.expectation import Expectation
from tocsin.core.finding import Topic, Trait, fingerprint
from tocsin.core.message import Tone
from tocsin.core.outbox import HEARD, Notification
from tocsin.core.overview import Show, Standing
from tocsin.core.phrases import TONES, pipeline, took, words_of
from tocsin.core.run import Outcome, Run
from tocsin.core.severity import Severity
from tocsin.core.state_words import in_brief
from tocsin.core.words import count
from tocsin.report.facts import urgency
from tocsin.report.strip import draw_brief
from tocsin.store.protocol import Transaction
from tocsin.web.access import Actor
from tocsin.web.api.pipelines import cursor_of, place_of
from tocsin.web.pages.acts import said
from tocsin.web.pages.addresses import of_pipeline, query
from tocsin.web.pages.alert_card import READ, AlertCard, card_of
from tocsin.web.pages.frame import Frame
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

#: Pipelines of one page, runs of a strip, cards of problems, and how many alike are told on one card.
_ROWS, _RUNS, _CARDS, _ALIKE = 50, 30, 12, 3
#: Of a card so many problems are looked at for one that somebody knows of.
_LEADERS = 5
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
    #: When it should have run last, where it never has.
    was_due: datetime | None
    took: str
    next_due: datetime | None
    #: The zone of its schedule.
    zone: str


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many pipelines are in some state, and the page that shows them; without an address there is none."""

    words: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What the page shows."""

    verdict: str
    tone: Tone
    counts: Sequence[Count]
    cards: Sequence[AlertCard]
    more_cards: int
    #: Where all problems are.
    alerts: str
    rows: Sequence[Row]
    #: All pipelines of the environment, whatever the name and state that were asked for.
    total: int
    #: Those that can be chosen; none where there is no choice.
    environments: Sequence[str]
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
    def narrow(self) -> bool:
        """Whether pipelines of the environment are left out."""
        return bool(self.search or self.show)

    def url(self, **changes: str | None) -> str:
        """Return the address of the page with this choice."""
        given = {"q": self.search, "show": self.show, "environment": self.environment, **changes}
        return f"/{query(given)}"


@router.get("/")
def overview(
    frame: Frame,
    *,
    q: _Name = "",
    show: Annotated[str, Query(max_length=20)] = "",
    environment: _Name = "",
    cursor: Annotated[str | None, Query(max_length=1000, pattern="^[A-Za-z0-9_-]+$")] = None,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show what is wrong, and all pipelines, the worst first."""
    shown = Show(show) if show in set(Show) else None
    chosen = Chosen(search=q.strip(), show=shown, environment=frame.environment(environment), cursor=cursor)
    with frame.engine.store.reading() as tx:
        seen = read_overview(tx, chosen, frame.actor, [channel.name for channel in frame.engine.config.channels])
    page = frame.page(seen.verdict, "/", tone=seen.tone, running=seen.running)
    # A message about what was done goes away when the page looks for news.
    page = replace(page, url=chosen.url(cursor=cursor))
    return render("overview.html", page, view=seen, chosen=chosen, choices=tuple(Show), done=said(done))


def read_overview(tx: Transaction, chosen: Chosen, actor: Actor, channels: Sequence[str]) -> Overview:
    """Return what the page shows.

    Args:
        tx: A view of the store.
        chosen: Which pipelines.
        actor: Who looks.
        channels: Those that may be in trouble themselves.
    """
    here = chosen.environment
    found = tx.worst_first(
        environment=here, search=chosen.search, show=chosen.show, after=place_of(chosen.cursor), limit=_ROWS + 1
    )
    standings, beyond = found[:_ROWS], found[_ROWS:]
    names = [(one.pipeline, one.environment) for one in standings]
    starts = tx.recent_starts(names, each=_RUNS) if names else {}
    census = tx.census()
    outcomes = census.outcomes(here)
    # A problem may be of a pipeline that neither ran nor is expected any more.
    total = max(census.total(here), len(standings))
    problems = tx.count_open_alerts(environment=here)
    of_channels = list(tx.open_alerts([fingerprint(Topic.CHANNEL, "", name, "") for name in channels]).values())
    # A channel belongs to no environment, and its trouble concerns all.
    severities = [severity for _, severity in problems] + [alert.severity for alert in of_channels]
    open_alerts = sum(problems.values()) + (len(of_channels) if here is not None else 0)
    shown = [] if chosen.narrow or chosen.cursor else _urgent([*of_channels, *_alerts_of(standings)])
    told = tx.notifications_of([one.id for card in shown for one in card[:_LEADERS]], each=READ) if shown else {}
    environments = [name for name in census.environments if actor.sees(name)]
    return Overview(
        verdict=_verdict(open_alerts, total),
        tone=_tone(severities, total),
        counts=_counts(outcomes, census.never_ran(here), chosen),
        cards=[_card(card, told) for card in shown],
        more_cards=open_alerts - sum(map(len, shown)) if shown else 0,
        alerts=f"/alerts{query({'environment': here})}",
        rows=[_row(one, starts.get(name, ())) for one, name in zip(standings, names, strict=True)],
        total=total,
        environments=environments if len(environments) > 1 else (),
        older=chosen.url(cursor=cursor_of(standings[-1].place)) if beyond else "",
        # Who has just installed it waits for the first run.
        running=outcomes.get(Outcome.RUNNING, 0) > 0 or total == 0,
    )


def _alerts_of(standings: Sequence[Standing]) -> list[Alert]:
    return [alert for one in standings for alert in one.alerts]


def _urgent(alerts: Sequence[Alert]) -> list[list[Alert]]:
    """Return the problems that are worst, each with those that are told on its card: a storm fills one."""
    kinds: dict[object, list[Alert]] = {}
    for alert in sorted(alerts, key=urgency):
        # Neither has what never began: where many wait, it is for the same.
        cause = alert.traits.get(Trait.CAUSE) or alert.reason_key
        # What is wrong with data is of one table, even where it is called the same.
        alone = alert.id if alert.topic is not Topic.DELIVERY else ""
        kinds.setdefault((alert.kind, alert.state, cause, alone), []).append(alert)
    cards = [part for one in kinds.values() for part in ([one] if len(one) >= _ALIKE else [[each] for each in one])]
    return sorted(cards, key=lambda card: urgency(card[0]))[:_CARDS]


def _card(card: Sequence[Alert], told: Mapping[str, Sequence[Notification]]) -> AlertCard:
    """Return a card, led by a problem that somebody knows of: one that is muted would speak for all."""
    leaders = card[:_LEADERS]
    known = (one for one in leaders if any(each.status in HEARD for each in told.get(one.id, ())))
    lead = next(known, leaders[0])
    return card_of(lead, told.get(lead.id, ()), [one for one in card if one is not lead])


def _verdict(open_alerts: int, total: int) -> str:
    """Return whether all is well, in one sentence."""
    if open_alerts:
        return f"{count(open_alerts, 'problem')} in {count(total, 'pipeline')}"
    return f"No problem in {count(total, 'pipeline')}" if total else "No run has been seen yet"


def _tone(severities: Sequence[Severity], total: int) -> Tone:
    """Return how that looks."""
    if severities:
        return TONES[max(severities, key=lambda severity: severity.order)]
    return Tone.GOOD if total else Tone.INFO


def _counts(outcomes: Mapping[Outcome, int], never: int, chosen: Chosen) -> list[Count]:
    """Return how the last runs of all pipelines ended: "41 succeeded", "3 failed"."""
    urls = {Outcome.RUNNING: chosen.url(q=None, show=Show.RUNNING)}
    often = sorted(outcomes.items(), key=lambda item: -item[1])
    made = [Count(words=f"{number:,} {words_of(ended)}", url=urls.get(ended, "")) for ended, number in often]
    return [*made, *([Count(words=f"{never:,} never ran")] if never else [])]


def _row(one: Standing, starts: Sequence[Start]) -> Row:
    expected = one.expectation
    words, tone = in_brief(sorted(one.alerts, key=urgency), one.run)
    return Row(
        name=pipeline(one.pipeline, one.environment),
        url=of_pipeline(one.pipeline, one.environment),
        state=words,
        tone=tone,
        strip=draw_brief(tuple(starts)) if starts else None,
        last=one.run,
        was_due=_was_due(expected) if one.run is None and expected is not None else None,
        took=took(one.run) if one.run is not None else "",
        next_due=expected.next_slot_at if expected is not None else None,
        zone=expected.schedule.timezone if expected is not None else "",
    )


def _was_due(expected: Expectation) -> datetime | None:
    """Return when a pipeline should have run last, which may be at no time yet."""
    return expected.computed_to if expected.computed_to > expected.anchor else None
