"""Silences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from tocsin.core.alert import Alert
from tocsin.core.matchers import Matcher, parse_matcher
from tocsin.core.position import Position
from tocsin.core.route import LABELS
from tocsin.core.silence import Silence, State
from tocsin.documents.alerts import read_alert
from tocsin.documents.silences import SilenceDocument, preview_document, silence_document
from tocsin.engine.notify import notify_due
from tocsin.engine.silences import add_silence, end_silence, preview
from tocsin.store.protocol import Transaction
from tocsin.web.access import Actor
from tocsin.web.api.answer import Json, problems
from tocsin.web.api.moments import Moment
from tocsin.web.api.paging import Cursor, Limit, page_of, read_cursor
from tocsin.web.api.seen import Doer, Id, Reader
from tocsin.web.api.shapes import EndedSilenceDocument, Page, PreviewDocument
from tocsin.web.problem import Problem
from tocsin.web.server import OpenEngine, ThisServer

router = APIRouter(prefix="/api/v1/silences", tags=["silences"])
#: How far back a preview looks at alerts that are over.
_WEEK = timedelta(days=7)
_NOT_THERE = {404: "There is no such silence."}
#: Patterns are tried on every alert, so they are short.
_Condition = Annotated[str, Field(min_length=1, max_length=200)]
_Conditions = Annotated[
    list[_Condition],
    Field(
        max_length=20,
        description="All of them have to hold: `label=value`, `!=`, or a pattern with `=~` and `!~`.",
        examples=[['pipeline="orders"', 'severity=~"warning|error"']],
    ),
]


class Which(StrEnum):
    """Which silences are meant."""

    CURRENT = "current"
    ALL = "all"


class NewSilence(BaseModel):
    """What is to be muted, and for how long."""

    model_config = ConfigDict(extra="forbid")

    conditions: _Conditions
    starts_at: Moment | None = Field(default=None, description="When it begins; at once where it is left out.")
    ends_at: Moment = Field(description="When it ends.", examples=["2026-11-24T09:00:00+01:00"])
    reason: str = Field(
        min_length=1,
        max_length=500,
        description="Why; whoever asks why nobody was told reads it.",
        examples=["the warehouse is moved"],
    )
    everything: bool = Field(default=False, description="Mute everything although no condition limits it.")


class Conditions(BaseModel):
    """What would be muted."""

    model_config = ConfigDict(extra="forbid")

    conditions: _Conditions


@router.get("", operation_id="list_silences", summary="List silences", response_model=Page[SilenceDocument])
def list_silences(
    engine: OpenEngine,
    _actor: Reader,
    *,
    state: Annotated[Which, Query(description="Only those that are not over, or all that ever were.")] = Which.CURRENT,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return silences, those that end last first."""
    now, after = engine.clock(), read_cursor(cursor)
    with engine.store.reading() as tx:
        found = tx.all_silences(after=after, limit=limit + 1)
    if state is Which.CURRENT:
        # They come first, for they end after now.
        found = [silence for silence in found if silence.over_at > now]
    return Json(page_of(found, limit, _position, lambda silence: silence_document(silence, now)))


@router.get(
    "/{silence_id}",
    operation_id="get_silence",
    summary="Show a silence",
    response_model=SilenceDocument,
    responses=problems(_NOT_THERE),
)
def get_silence(engine: OpenEngine, _actor: Reader, silence_id: Id) -> Json:
    """Return a silence."""
    with engine.store.reading() as tx:
        return Json(silence_document(silence_of(tx, silence_id), engine.clock()))


@router.post(
    "",
    operation_id="add_silence",
    summary="Mute alerts for a while",
    status_code=201,
    response_model=SilenceDocument,
    responses={200: {"description": "There is such a silence already.", "model": SilenceDocument}},
)
def add(server: ThisServer, actor: Doer, body: NewSilence) -> Response:
    """Mute what fulfils every condition. Alerts that fit are kept and shown, and nobody is told of them.

    The same silence of the same author is not added twice. A key for some environments needs a condition that names
    one of them, for example `environment="prod"`.
    """
    engine = server.engine
    now = engine.clock()
    matchers = _read(body.conditions)
    require_environment(actor, matchers)
    with engine.store.reading() as tx:
        same = next((one for one in tx.silences(now) if _is_same(one, body, matchers, actor)), None)
    if same is not None:
        return Json(silence_document(same, now))
    try:
        silence = add_silence(
            engine,
            matchers,
            starts_at=body.starts_at or now,
            ends_at=body.ends_at,
            reason=body.reason,
            author=actor.name,
            origin=actor.origin,
            everything=body.everything,
        )
    except ValueError as error:
        raise Problem(422, str(error)) from error
    return Json(silence_document(silence, now), status_code=201)


@router.post(
    "/preview", operation_id="preview_silence", summary="Show what would be muted", response_model=PreviewDocument
)
def show_what_fits(engine: OpenEngine, actor: Reader, body: Conditions) -> Json:
    """Return what a silence with these conditions would mute: alerts, and pipelines that are known."""
    matchers = _read(body.conditions)
    require_environment(actor, matchers)
    with engine.store.reading() as tx:
        return Json(preview_document(tx, preview(engine, tx, matchers, within=_WEEK)))


@router.post(
    "/{silence_id}/end",
    operation_id="end_silence",
    summary="End a silence",
    response_model=EndedSilenceDocument,
    responses=problems(_NOT_THERE),
)
def end(server: ThisServer, actor: Doer, silence_id: Id) -> Json:
    """End a silence before its time; what it muted and is still open is told now. One that is over stays as it is."""
    engine = server.engine
    with engine.store.reading() as tx:
        silence = silence_of(tx, silence_id)
    require_environment(actor, silence.matchers)
    left: Sequence[Alert] = ()
    if silence.state(engine.clock()) is not State.EXPIRED:
        silence, left = end_silence(engine, silence.id, by=actor.name, origin=actor.origin)
        notify_due(engine)
        server.wake()
    with engine.store.reading() as tx:
        alerts = [read_alert(tx, alert) for alert in left]
    return Json({"silence": silence_document(silence, engine.clock()), "still_open": alerts})


def _read(conditions: list[str]) -> tuple[Matcher, ...]:
    try:
        return tuple(parse_matcher(text, labels=LABELS) for text in conditions)
    except ValueError as error:
        raise Problem(422, f"{error}.") from error


def require_environment(actor: Actor, matchers: tuple[Matcher, ...]) -> None:
    """Let nobody mute what they do not see.

    Raises:
        Problem: 403.
    """
    named = [one.value for one in matchers if (one.label, one.operator) == ("environment", "=")]
    if actor.environments is not None and not any(map(actor.sees, named)):
        has = ", ".join(sorted(actor.environments))
        raise Problem(403, f'{actor.name} is for {has} only. Add a condition that says so: environment="…"')


def _is_same(known: Silence, asked: NewSilence, matchers: tuple[Matcher, ...], actor: Actor) -> bool:
    starts = asked.starts_at in {None, known.starts_at}
    said = (known.matchers, known.ends_at, known.reason, known.author, known.ended_at)
    return starts and said == (matchers, asked.ends_at, asked.reason.strip(), actor.name, None)


def silence_of(tx: Transaction, silence_id: str) -> Silence:
    """Return the silence with this id.

    Raises:
        Problem: 404.
    """
    found = next((one for one in tx.find_silences(silence_id) if one.id == silence_id), None)
    if found is None:
        raise Problem(
            404,
            f"There is no silence with the id {silence_id[:100]!r}. See those that are: GET /api/v1/silences?state=all",
        )
    return found


def _position(silence: Silence) -> Position:
    return Position(at=silence.over_at, id=silence.id)
