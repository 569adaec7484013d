"""`/silences`: what is muted, until when, by whom and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from tocsin.core.alert import Alert
from tocsin.core.labels import Labels
from tocsin.core.maintenance import Maintenance
from tocsin.core.matchers import Matcher
from tocsin.core.message import Tone
from tocsin.core.position import Position
from tocsin.core.silence import Silence, State
from tocsin.core.words import count
from tocsin.engine.engine import Engine
from tocsin.engine.notify import notify_due
from tocsin.engine.silences import end_silence
from tocsin.engine.ways import labels_for
from tocsin.store.protocol import Transaction
from tocsin.web.access import Actor
from tocsin.web.api.paging import read_cursor, write_cursor
from tocsin.web.api.seen import Doer, Id
from tocsin.web.api.silences import require_environment, silence_of
from tocsin.web.pages.addresses import of_silence, query, silence_again
from tocsin.web.pages.alert_card import READ, card_of
from tocsin.web.pages.frame import Frame, PageRequest
from tocsin.web.pages.missing import missing
from tocsin.web.rendering import render
from tocsin.web.server import ThisServer

router = APIRouter(include_in_schema=False)

#: Silences of a page that are over, cards of alerts, and open alerts that are looked at, the worst of them.
_OVER, _CARDS, _OPEN = 20, 12, 2000
_HERE = "/silences"
_TONES = {State.ACTIVE: Tone.WARNING, State.PENDING: Tone.INFO, State.EXPIRED: Tone.GOOD}
#: What a page says after an act.
SAID = {
    "added": "The silence is kept. What fits it is not told until it ends.",
    "there": "Nothing has changed: you have added this silence a moment ago.",
    "ended": "The silence has ended. What it muted and is still open is told now.",
    "over": "Nothing was done: the silence was over before you asked.",
}


@dataclass(frozen=True, kw_only=True)
class SilenceRow:
    """What the list shows of a silence."""

    silence: Silence
    url: str
    #: Where the form is that makes the same once more.
    again: str
    state: State
    tone: Tone
    conditions: str
    #: How many open alerts it mutes at present: "3", "2,000+"; empty for one that mutes nothing.
    muted: str


@dataclass(frozen=True, kw_only=True)
class MaintenanceRow:
    """What the list shows of maintenance."""

    name: str
    conditions: str
    windows: str
    reason: str
    #: The file in which it stands.
    origin: str
    is_open: bool
    #: When a window opens or closes next; None where none does any more.
    changes_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class SilenceList:
    """What the page shows."""

    verdict: str
    tone: Tone
    current: Sequence[SilenceRow]
    over: Sequence[SilenceRow]
    #: Where the next ones are that are over; empty at the end.
    older: str
    maintenance: Sequence[MaintenanceRow]


@router.get("/silences")
def silences(
    frame: Frame,
    *,
    cursor: Annotated[str | None, Query(max_length=1500, pattern="^[A-Za-z0-9_-]+$")] = None,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show silences: those that are not over, those that are, and maintenance."""
    with frame.engine.store.reading() as tx:
        seen = read_silences(frame, tx, read_cursor(cursor))
    # A message about what was done goes away when the page looks for news.
    page = replace(frame.page(seen.verdict, _HERE, tone=seen.tone), url=_address(cursor))
    return render("silences.html", page, view=seen, done=SAID.get(done))


@router.get("/silences/{silence_id}")
def silence(frame: Frame, silence_id: Id, done: Annotated[str, Query(max_length=20)] = "") -> Response:
    """Show a silence, and what it mutes."""
    with frame.engine.store.reading() as tx:
        found = tx.find_silences(silence_id) if silence_id else ()
        known = next((one for one in found if one.id == silence_id), None)
        if known is None:
            return _missing(frame, silence_id, found or tx.silences(frame.now))
        alerts = _open_alerts(frame.engine, tx, frame.actor) if known.state(frame.now) is State.ACTIVE else []
        row, muted = _row(known, frame.now, alerts), _muted_by(known, alerts)
        told = tx.notifications_of([alert.id for alert in muted[:_CARDS]], each=READ) if muted else {}
        cards = [card_of(alert, told.get(alert.id, ())) for alert in muted[:_CARDS]]
    page = replace(frame.page(f"Silence {row.state}", _HERE, tone=Tone.GOOD), url=row.url)
    return render("silence.html", page, row=row, cards=cards, more=len(muted) - len(cards), done=SAID.get(done))


@router.post("/silences/{silence_id}/end")
def end(server: ThisServer, actor: Doer, silence_id: Id) -> Response:
    """End a silence before its time; what it muted and is still open is told now."""
    engine = server.engine
    with engine.store.reading() as tx:
        known = silence_of(tx, silence_id)
    require_environment(actor, known.matchers)
    done = "over"
    if known.state(engine.clock()) is not State.EXPIRED:
        end_silence(engine, known.id, by=actor.name, origin=actor.origin)
        notify_due(engine)
        server.wake()
        done = "ended"
    return RedirectResponse(f"/silences{query({'done': done})}", status_code=303)


def read_silences(frame: PageRequest, tx: Transaction, after: Position | None) -> SilenceList:
    """Return what the page shows.

    Args:
        frame: The request.
        tx: A view of the store.
        after: Where the page before has ended, of what is over; None for the first page.
    """
    now = frame.now
    current = tx.silences(now) if after is None else ()
    # Those that are not over end later than now; ids are made of letters and digits.
    over = tx.all_silences(after=after or Position(at=now, id="~"), limit=_OVER + 1)
    alerts = _open_alerts(frame.engine, tx, frame.actor) if current else []
    rows = [_row(one, now, alerts) for one in current]
    active = sum(row.state is State.ACTIVE for row in rows)
    last = over[_OVER - 1] if len(over) > _OVER else None
    return SilenceList(
        verdict=_verdict(active, len(rows) - active),
        tone=Tone.INFO if rows else Tone.GOOD,
        current=sorted(rows, key=lambda row: (row.state is not State.ACTIVE, row.silence.over_at)),
        over=[_row(one, now, ()) for one in over[:_OVER]],
        older=_address(write_cursor(Position(at=last.over_at, id=last.id))) if last is not None else "",
        maintenance=[_maintenance(one, now) for one in frame.engine.config.maintenance] if after is None else [],
    )


def _verdict(active: int, pending: int) -> str:
    """Return how much is muted, in one sentence."""
    if not active and not pending:
        return "Nothing is silenced"
    parts = [f"{count(active, 'silence')} active" if active else "", f"{pending:,} pending" if pending else ""]
    return ", ".join(part for part in parts if part)


def _open_alerts(engine: Engine, tx: Transaction, actor: Actor) -> list[tuple[Alert, Labels]]:
    """Return the open alerts that somebody may see; one about a channel has no environment."""
    found = (alert for alert in tx.worst_alerts(limit=_OPEN) if not alert.environment or actor.sees(alert.environment))
    return [(alert, labels_for(engine, alert)) for alert in found]


def _muted_by(one: Silence, alerts: Sequence[tuple[Alert, Labels]]) -> list[Alert]:
    return [alert for alert, labels in alerts if one.fits(labels)]


def _row(one: Silence, now: datetime, alerts: Sequence[tuple[Alert, Labels]]) -> SilenceRow:
    state = one.state(now)
    muted = len(_muted_by(one, alerts))
    # What is not among the worst ones was not counted.
    at_least = "+" if muted and len(alerts) == _OPEN else ""
    return SilenceRow(
        silence=one,
        url=of_silence(one.id),
        again=silence_again(one.id),
        state=state,
        tone=_TONES[state],
        conditions=_written(one.matchers),
        muted=f"{muted:,}{at_least}" if state is State.ACTIVE else "",
    )


def _maintenance(one: Maintenance, now: datetime) -> MaintenanceRow:
    return MaintenanceRow(
        name=one.name,
        conditions=_written(one.matchers),
        windows=", ".join(map(str, one.windows)),
        reason=one.reason,
        origin=one.origin,
        is_open=any(window.covers(now) for window in one.windows),
        changes_at=one.changes_after(now),
    )


def _written(matchers: Sequence[Matcher]) -> str:
    return ", ".join(map(str, matchers)) or "everything"


def _address(cursor: str | None) -> str:
    return f"{_HERE}{query({'cursor': cursor})}"


def _missing(frame: PageRequest, asked: str, near: Sequence[Silence]) -> Response:
    return missing(
        frame,
        "silence",
        asked,
        here=_HERE,
        why="It may have been over for so long that it is not kept any more. All that are: Silences.",
        near=[(f"{_written(one.matchers)}: {one.reason}", of_silence(one.id)) for one in near[:_CARDS]],
    )
