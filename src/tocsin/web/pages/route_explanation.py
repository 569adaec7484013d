"""`/channels/routes`: who would hear of a problem, when, and why nobody else does."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from tocsin.core.finding import Kind
from tocsin.core.message import Tone
from tocsin.core.severity import Severity
from tocsin.core.typed_time import read_time
from tocsin.documents.channels import channel_views
from tocsin.documents.explanation import ExplanationWords, explanation_words
from tocsin.engine.engine import Engine
from tocsin.engine.explain_route import explain
from tocsin.store.protocol import Transaction
from tocsin.web.pages.frame import Frame
from tocsin.web.rendering import render

router = APIRouter(include_in_schema=False)

_KINDS = tuple(kind.value for kind in Kind if kind not in {Kind.RECOVERED, Kind.CHANNEL})
_Text = Annotated[str, Query(max_length=500)]


@router.get("/channels/routes")
def route_explanation(
    frame: Frame,
    *,
    pipeline: _Text = "",
    environment: _Text = "",
    kind: _Text = "",
    severity: _Text = "",
    owner: _Text = "",
    table: _Text = "",
    at: _Text = "",
) -> Response:
    """Show the form, and for a pipeline who would hear; nothing is sent and nothing is changed."""
    engine = frame.engine
    asked = {
        "pipeline": pipeline.strip(),
        "environment": environment.strip(),
        "kind": kind if kind in _KINDS else "",
        "severity": severity if severity in set(Severity) else "",
        "owner": owner.strip(),
        "table": table.strip(),
    }
    given = {name: value for name, value in asked.items() if value}
    if frame.actor.environments is not None:
        frame.actor.require_environment(given.get("environment", engine.config.environment))
    wrong, when = "", frame.now
    try:
        when = read_time(at, start=frame.now, zone=engine.config.timezone) if at.strip() else frame.now
    except ValueError as error:
        wrong = f"{error}."
    found = None
    if "pipeline" in given and not wrong:
        with engine.store.reading() as tx:
            found = read_explanation(engine, tx, given, when)
    tone = Tone.ERROR if found is not None and not found.heard else Tone.GOOD
    return render(
        "route_explanation.html",
        frame.page("Who would hear", "/channels", tone=tone, live=False),
        status=422 if wrong else 200,
        asked={**asked, "at": at},
        wrong=wrong,
        found=found,
        kinds=_KINDS,
        severities=tuple(Severity),
        zone=engine.config.timezone,
    )


def read_explanation(engine: Engine, tx: Transaction, given: dict[str, str], when: datetime) -> ExplanationWords:
    """Return who would hear.

    Args:
        engine: Its configuration decides.
        tx: A view of the store.
        given: What is known of the problem: labels, the pipeline among them.
        when: It happens.
    """
    names = [channel.name for channel in engine.all_channels]
    found = explain(engine, names, given, when, tx.silences(when))
    return explanation_words(found, {view.name: view for view in channel_views(engine, tx)})
