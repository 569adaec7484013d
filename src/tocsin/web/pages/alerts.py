"""`/alerts`: what is firing, what was, and did it reach someone?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, TypedDict

from fastapi import APIRouter, Query, Response

from tocsin.core.alert import Alert, State
from tocsin.core.message import Tone
from tocsin.core.notify import Muted
from tocsin.core.phrases import TONES, ago, problem, subject
from tocsin.core.position import Position
from tocsin.core.severity import Severity
from tocsin.core.words import count, duration
from tocsin.engine.engine import Engine
from tocsin.engine.muting import muted_by
from tocsin.engine.ways import labels_for
from tocsin.store.protocol import Transaction
from tocsin.web.api.paging import no_cursor, pack, read_cursor, unpack, write_cursor
from tocsin.web.pages.acts import said
from tocsin.web.pages.addresses import query
from tocsin.web.pages.alert_card import READ
from tocsin.web.pages.alert_row import AlertRow, row_of
from tocsin.web.pages.frame import Frame
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

#: Alerts of one page; open ones that are looked at, the worst of them; and those that are over: how many are counted,
#: and how many are looked at for an owner, whom only the configuration knows.
_ROWS, _OPEN, _COUNTED, _SCANNED = 50, 1000, 1000, 500
_Name = Annotated[str, Query(max_length=500)]


class Tab(StrEnum):
    """Where an alert stands."""

    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    MUTED = "muted"
    RESOLVED = "resolved"


_NAMES = {
    Tab.FIRING: "Firing",
    Tab.ACKNOWLEDGED: "Acknowledged",
    Tab.MUTED: "Snoozed or silenced",
    Tab.RESOLVED: "Resolved",
}


class About(TypedDict):
    """What is asked of a store about alerts."""

    subject: str | None
    severity: Severity | None
    environment: str | None


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What was chosen in the address."""

    tab: Tab = Tab.FIRING
    subject: str = ""
    severity: Severity | None = None
    owner: str = ""
    environment: str | None = None
    cursor: str | None = None

    @property
    def any(self) -> bool:
        """Whether some alerts are left out."""
        return bool(self.subject or self.severity or self.owner or self.environment)

    @property
    def about(self) -> About:
        """What the store is asked for."""
        return About(subject=self.subject or None, severity=self.severity, environment=self.environment)

    def url(self, **changes: str | None) -> str:
        """Return the address of the page with this choice, from its beginning."""
        given = {
            "state": self.tab,
            "subject": self.subject,
            "severity": self.severity,
            "owner": self.owner,
            "environment": self.environment,
            **changes,
        }
        return f"/alerts{query({name: value for name, value in given.items() if value != Tab.FIRING})}"


@dataclass(frozen=True, kw_only=True)
class AlertList:
    """What the page shows."""

    verdict: str
    tone: Tone
    #: Name, address and whether it is this one.
    tabs: Sequence[tuple[str, str, bool]]
    rows: Sequence[AlertRow]
    #: How many there are under this tab, as it stands there; empty where nobody counts.
    total: str
    #: Where the next rows are; empty at the end.
    older: str
    #: Names to choose from.
    owners: Sequence[str]
    subjects: Sequence[str]
    #: How the last alert ended, where nothing is shown.
    last: str


@router.get("/alerts")
def alerts(
    frame: Frame,
    *,
    state: Annotated[str, Query(max_length=20)] = "",
    subject: _Name = "",
    severity: Annotated[str, Query(max_length=20)] = "",
    owner: _Name = "",
    environment: _Name = "",
    cursor: Annotated[str | None, Query(max_length=1500, pattern="^[A-Za-z0-9_-]+$")] = None,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show alerts, the worst first."""
    chosen = Chosen(
        tab=Tab(state) if state in set(Tab) else Tab.FIRING,
        subject=subject.strip(),
        severity=Severity(severity) if severity in set(Severity) else None,
        owner=owner.strip(),
        environment=frame.environment(environment),
        cursor=cursor,
    )
    with frame.engine.store.reading() as tx:
        seen = read_alerts(frame.engine, tx, chosen, frame.now)
    # A message about what was done goes away when the page looks for news.
    page = replace(frame.page(seen.verdict, "/alerts", tone=seen.tone), url=chosen.url(cursor=cursor))
    severities = tuple(reversed(Severity))
    return render("alerts.html", page, view=seen, chosen=chosen, severities=severities, done=said(done))


def read_alerts(engine: Engine, tx: Transaction, chosen: Chosen, now: datetime) -> AlertList:
    """Return what the page shows.

    Args:
        engine: It knows owners, silences and maintenance.
        tx: A view of the store.
        chosen: Which alerts.
        now: The present, aware.
    """
    silences = tx.silences(now)
    shelves: dict[Tab, list[tuple[Alert, Muted | None]]] = {tab: [] for tab in Tab}
    owners = {pipeline.owner for pipeline in engine.config.pipelines.values()} | set(engine.config.owners)
    worst = tx.worst_alerts(**chosen.about, limit=_OPEN + 1)
    more = "+" if len(worst) > _OPEN else ""
    for alert in worst[:_OPEN]:
        labels = labels_for(engine, alert)
        owners.add(str(labels["owner"]))
        if chosen.owner in {"", labels["owner"]}:
            muted = muted_by(engine, alert, labels, silences, now)
            shelves[_tab_of(alert, muted)].append((alert, muted))
    shown, total, older = _page(engine, tx, chosen, shelves)
    told = tx.notifications_of([alert.id for alert, _ in shown], each=READ) if shown else {}
    firing = [alert for alert, _ in shelves[Tab.FIRING]]
    return AlertList(
        verdict=f"{count(len(firing), 'alert')} firing" if firing else "Nothing is firing",
        tone=TONES[max((alert.severity for alert in firing), key=lambda each: each.order)] if firing else Tone.GOOD,
        tabs=[
            (_tab_name(tab, f"{len(shelves[tab]):,}{more}", total), chosen.url(state=tab), tab is chosen.tab)
            for tab in Tab
        ],
        rows=[row_of(alert, told.get(alert.id, ()), muted) for alert, muted in shown],
        total=total if chosen.tab is Tab.RESOLVED else f"{len(shelves[chosen.tab]):,}{more}",
        older=older,
        owners=sorted(owners - {""}),
        subjects=sorted({alert.subject for shelf in shelves.values() for alert, _ in shelf})[:_ROWS],
        last=_last(tx, chosen, now) if not shown else "",
    )


def _tab_of(alert: Alert, muted: Muted | None) -> Tab:
    if alert.state is State.ACKNOWLEDGED:
        return Tab.ACKNOWLEDGED
    return Tab.FIRING if muted is None else Tab.MUTED


def _tab_name(tab: Tab, open_ones: str, over: str) -> str:
    return f"{_NAMES[tab]} {over if tab is Tab.RESOLVED else open_ones}".rstrip()


def _page(
    engine: Engine, tx: Transaction, chosen: Chosen, shelves: Mapping[Tab, Sequence[tuple[Alert, Muted | None]]]
) -> tuple[Sequence[tuple[Alert, Muted | None]], str, str]:
    """Return the alerts of the page, how many are over, and the address of the next page."""
    over = ""
    if not chosen.owner:
        number = tx.count_over(**chosen.about, most=_COUNTED + 1)
        over = f"{number:,}" if number <= _COUNTED else f"{_COUNTED:,}+"
    if chosen.tab is Tab.RESOLVED:
        shown, left = _over(engine, tx, chosen)
        return [(alert, None) for alert in shown], over, chosen.url(cursor=left) if left else ""
    after = _read_place(chosen.cursor)
    found = [pair for pair in shelves[chosen.tab] if after is None or _place(pair[0]) < after]
    left = pack([*_place(found[_ROWS - 1][0])]) if len(found) > _ROWS else ""
    return found[:_ROWS], over, chosen.url(cursor=left) if left else ""


def _over(engine: Engine, tx: Transaction, chosen: Chosen) -> tuple[Sequence[Alert], str]:
    """Return alerts that are over, newest first, and where they were left; with an owner a page may be short."""
    after = read_cursor(chosen.cursor) or Position(at=datetime.max.replace(tzinfo=UTC), id="")
    most = _SCANNED if chosen.owner else _ROWS
    found = tx.alerts(**chosen.about, after=after, limit=most + 1)
    fitting = [alert for alert in found[:most] if chosen.owner in {"", labels_for(engine, alert)["owner"]}]
    shown = fitting[:_ROWS]
    if len(fitting) > _ROWS:
        last = shown[-1]
    elif len(found) > most:
        last = found[most - 1]
    else:
        return shown, ""
    return shown, write_cursor(Position(at=last.last_at, id=last.id))


def _place(alert: Alert) -> tuple[int, str, str]:
    """Return what open alerts are sorted by, the greatest first."""
    return alert.severity.order, alert.last_at.astimezone(UTC).isoformat(timespec="microseconds"), alert.id


def _read_place(cursor: str | None) -> tuple[int, str, str] | None:
    match unpack(cursor):
        case None:
            return None
        case [int(order), str(at), str(alert_id)]:
            return order, at, alert_id
    raise no_cursor()


def _last(tx: Transaction, chosen: Chosen, now: datetime) -> str:
    """Return how the last alert ended, in a sentence; empty where there never was one."""
    found = tx.alerts(
        environment=chosen.environment, after=Position(at=datetime.max.replace(tzinfo=UTC), id=""), limit=1
    )
    if not found:
        return ""
    over_at = found[0].resolved_at or found[0].last_at
    lasted = duration(over_at - found[0].since)
    return f"The last alert was {subject(found[0])} {problem(found[0])}: over after {lasted}, {ago(over_at, now)}."
