"""A pipeline that was asked for and is not there, or of which it was not said where it runs."""

from __future__ import annotations

from difflib import get_close_matches

from fastapi import Response
from fastapi.responses import RedirectResponse

from tocsin.core.phrases import pipeline
from tocsin.store.protocol import Transaction
from tocsin.web.pages.addresses import of_pipeline
from tocsin.web.pages.frame import PageRequest
from tocsin.web.pages.missing import missing

#: Pipelines with a part of the name that are looked through, the characters of such a part, and how many are told.
_FOUND, _PART, _TOLD = 50, 3, 6
#: How alike a name has to be, from 0 to 1.
_ALIKE = 0.4
_WHY = (
    "Nothing of this name has run in this environment, nor is anything expected of it. A pipeline is here from its "
    "first run on; its name and environment have to be written exactly."
)


def elsewhere(frame: PageRequest, tx: Transaction, name: str) -> Response:
    """Return where to look instead: the page of a pipeline with this name, or what was perhaps meant.

    Args:
        frame: The request.
        tx: A view of the store.
        name: What was asked for.
    """
    parts = {name, name[:_PART], name[-_PART:]}
    seen = frame.environment()
    found = (one for part in sorted(parts) for one in tx.worst_first(environment=seen, search=part, limit=_FOUND))
    places = {(one.pipeline, one.environment) for one in found}
    same = sorted(environment for other, environment in places if other == name)
    if same:
        own = frame.engine.config.environment
        return RedirectResponse(of_pipeline(name, own if own in same else same[0]), status_code=307)
    close = get_close_matches(name, {other for other, _ in places}, n=_TOLD, cutoff=_ALIKE)
    near = [
        (pipeline(other, environment), of_pipeline(other, environment))
        for meant in close
        for other, environment in sorted(places)
        if other == meant
    ]
    return missing(frame, "pipeline", name, here="/", why=_WHY, near=near[:_TOLD])
