"""Whether the process lives, and whether it can work; without a key, and without telling more than that."""

from __future__ import annotations

import logging

from fastapi import APIRouter

from tocsin.core.words import count
from tocsin.errors import StoreError
from tocsin.web.api.group_commit import MOST_WAITING
from tocsin.web.problem import Problem
from tocsin.web.server import OpenEngine

router = APIRouter(tags=["health"])
_log = logging.getLogger("tocsin")


@router.get("/healthz", summary="Say that the process lives")
async def healthz() -> dict[str, str]:
    """Tell that the process lives; it asks nobody else."""
    return {"status": "ok"}


@router.get("/readyz", summary="Say whether events can be taken, or why not")
def readyz(engine: OpenEngine) -> dict[str, str]:
    """Tell whether the server can take events: the store answers, and what came before is being taken in."""
    try:
        with engine.store.reading() as tx:
            waiting, _ = tx.backlog()
    except StoreError as error:
        _log.warning("not ready: %s", error)
        raise Problem(503, "Not ready: the store cannot be read; the server's log says why.") from error
    if waiting >= MOST_WAITING:
        raise Problem(503, f"Not ready: {count(waiting, 'event')} wait to be taken in. See whether an engine runs.")
    return {"status": "ready"}
