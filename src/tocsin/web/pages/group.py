"""`/groups/{id}`: problems that were told together, and in which messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from tocsin.core.alert import Alert
from tocsin.core.group import Group
from tocsin.core.message import Tone
from tocsin.core.phrases import TONES
from tocsin.core.words import count
from tocsin.engine.engine import Engine
from tocsin.report.facts import urgency
from tocsin.store.protocol import Transaction
from tocsin.web.api.seen import group_of
from tocsin.web.pages.acts import said
from tocsin.web.pages.addresses import of_group
from tocsin.web.pages.alert_card import READ
from tocsin.web.pages.alert_row import AlertRow, row_of
from tocsin.web.pages.frame import Frame
from tocsin.web.pages.missing import BY_ITS_ID, missing
from tocsin.web.pages.who_was_told import Entry, entries_of
from tocsin.web.problem import Problem
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

#: Problems and messages that are shown.
_ROWS, _MESSAGES = 200, 100
_NEAR = 4


@dataclass(frozen=True, kw_only=True)
class GroupPage:
    """What the page shows."""

    group: Group
    title: str
    tone: Tone
    #: Those that go on first, the worst of them first.
    rows: Sequence[AlertRow]
    total: int
    #: Newest first.
    messages: Sequence[Entry]


@router.get("/groups/{group_id}")
def group_page(
    frame: Frame,
    group_id: Annotated[str, Path(max_length=200)],
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show the problems of a group, and the messages that told them."""
    with frame.engine.store.reading() as tx:
        try:
            group = group_of(tx, frame.actor, group_id)
        except Problem:
            return missing(
                frame,
                "group",
                group_id,
                here="/alerts",
                why=BY_ITS_ID,
                near=[
                    (f"group {one.id[:8]} on {one.channel}", of_group(one.id))
                    for one in tx.find_groups(group_id[:_NEAR])
                    if frame.actor.environments is None
                ],
            )
        seen = read_group(frame.engine, tx, group)
    page = frame.page(seen.title, "/alerts", tone=seen.tone)
    return render("group.html", page, view=seen, done=said(done))


def read_group(engine: Engine, tx: Transaction, group: Group) -> GroupPage:
    """Return what the page shows of a group."""
    alerts = sorted((member.alert for member in tx.members(group.id)), key=_order)
    open_ones = [alert for alert in alerts if alert.open]
    told = tx.notifications_of([alert.id for alert in alerts[:_ROWS]], each=READ) if alerts else {}
    messages = tx.notifications(alert_id=group.id, limit=_MESSAGES)
    deliveries = tx.deliveries_of([one.id for one in messages])
    worst = max((alert.severity for alert in open_ones), key=lambda each: each.order, default=None)
    over = f"{count(len(alerts), 'problem')}, all over"
    return GroupPage(
        group=group,
        title=f"{len(open_ones):,} of {count(len(alerts), 'problem')} go on" if open_ones else over,
        tone=TONES[worst] if worst is not None else Tone.GOOD,
        rows=[row_of(alert, told.get(alert.id, ())) for alert in alerts[:_ROWS]],
        total=len(alerts),
        messages=list(entries_of(engine, messages, deliveries)),
    )


def _order(alert: Alert) -> tuple[object, ...]:
    return (not alert.open, *urgency(alert))
