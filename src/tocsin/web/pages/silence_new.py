"""`/silences/new`: the form, with a preview that follows what is typed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from tocsin.core.silence import Silence
from tocsin.engine.engine import Engine
from tocsin.engine.silences import add_silence, preview
from tocsin.engine.ways import labels_for
from tocsin.store.protocol import Transaction
from tocsin.web.access import Actor
from tocsin.web.api.seen import Doer, alert_of
from tocsin.web.api.silences import require_environment, silence_of
from tocsin.web.form import Sent
from tocsin.web.pages.addresses import of_silence, query
from tocsin.web.pages.frame import Frame, PageRequest
from tocsin.web.pages.silence_form import LENGTHS, Checked, Draft, check, draft_again, draft_for
from tocsin.web.pages.silence_preview import AT_PRESENT, preview_words
from tocsin.web.rendering import render
from tocsin.web.server import ThisServer

router = APIRouter(include_in_schema=False)

#: Whoever clicks twice means one silence.
_AT_ONCE = timedelta(minutes=1)
_Text = Annotated[str, Query(max_length=8000)]
_Short = Annotated[str, Query(max_length=1000)]


@router.get("/silences/new")
def new_silence(
    frame: Frame,
    *,
    alert: Annotated[str, Query(max_length=200)] = "",
    silence: Annotated[str, Query(max_length=200)] = "",
    matcher: Annotated[list[_Short], Query(max_length=20)] = [],  # noqa: B006  # FastAPI copies it
    conditions: _Text | None = None,
    start: _Short = "",
    end: _Short = "2h",
    reason: _Text = "",
    everything: Annotated[str, Query(max_length=5)] = "",
) -> Response:
    """Show the form: empty, filled in from what is to be muted, or as it was typed, with its preview."""
    with frame.engine.store.reading() as tx:
        if conditions is not None:
            draft = Draft(conditions=conditions, start=start, end=end, reason=reason, everything=bool(everything))
        elif silence:
            draft = draft_again(silence_of(tx, silence))
        elif alert:
            about = alert_of(tx, frame.actor, alert)
            draft = draft_for(labels_for(frame.engine, about))
        else:
            draft = Draft(conditions="\n".join(matcher))
        # Nobody is blamed for a form that was opened just now, or is still being filled in.
        return _form(frame, tx, draft, blame=False)


@router.post("/silences/new")
def add(server: ThisServer, frame: Frame, actor: Doer, form: Sent) -> Response:
    """Keep the silence, or say by each field what is wrong with it."""
    engine, now = server.engine, frame.now
    draft = Draft(
        conditions=form.get("conditions", ""),
        start=form.get("start", ""),
        end=form.get("end", ""),
        reason=form.get("reason", ""),
        everything=bool(form.get("everything")),
    )
    meant = check(draft, now, engine.config.timezone)
    if meant.wrong:
        with engine.store.reading() as tx:
            return _form(frame, tx, draft, blame=True)
    require_environment(actor, meant.matchers)
    with engine.store.reading() as tx:
        same = next((one for one in tx.silences(now) if _is_same(one, meant, actor, now)), None)
    if same is not None:
        return _shown(same, "there")
    made = add_silence(
        engine,
        meant.matchers,
        starts_at=meant.starts_at,
        ends_at=meant.ends_at,
        reason=meant.reason,
        author=actor.name,
        origin=actor.origin,
        everything=draft.everything,
    )
    return _shown(made, "added")


def _form(frame: PageRequest, tx: Transaction, draft: Draft, *, blame: bool) -> Response:
    """Return the form with what the draft would mute; what is wrong is said by the fields only if somebody is to blame.

    What is wrong with conditions is said in the preview in any case, which can show nothing else.
    """
    engine = frame.engine
    meant = check(draft, frame.now, engine.config.timezone)
    typed = bool(draft.conditions.strip())
    return render(
        "silence_new.html",
        frame.page("New silence", "/silences", live=False),
        status=422 if blame else 200,
        draft=draft,
        meant=meant,
        wrong=meant.wrong if blame else {},
        typed=typed,
        found=_preview(frame.actor, engine, tx, meant) if typed and "conditions" not in meant.wrong else None,
        lengths=LENGTHS,
        zone=engine.config.timezone,
    )


def _preview(actor: Actor, engine: Engine, tx: Transaction, meant: Checked) -> object:
    require_environment(actor, meant.matchers)
    return preview_words(preview(engine, tx, meant.matchers, within=AT_PRESENT), [*map(str, meant.matchers)])


def _is_same(known: Silence, meant: Checked, actor: Actor, now: datetime) -> bool:
    """Whether somebody has added this silence just now; its end may be another one, where a length was typed."""
    said = (known.matchers, known.reason, known.author)
    close = abs(known.ends_at - meant.ends_at) < _AT_ONCE and now - known.created_at < _AT_ONCE
    return close and said == (meant.matchers, meant.reason, actor.name)


def _shown(silence: Silence, done: str) -> Response:
    return RedirectResponse(f"{of_silence(silence.id)}{query({'done': done})}", status_code=303)
