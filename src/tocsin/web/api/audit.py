"""Who did what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tocsin.core.access import Action, AuditEntry, Scope
from tocsin.documents.whole import whole
from tocsin.web.access import Actor, requires
from tocsin.web.api.answer import Json
from tocsin.web.problem import Problem
from tocsin.web.server import OpenEngine

router = APIRouter(tags=["audit"])


@router.get("/api/v1/audit", operation_id="list_audit", summary="List who did what", response_model=list[AuditEntry])
def list_audit(
    engine: OpenEngine,
    who: Annotated[Actor, requires(Scope.ADMIN)],
    *,
    actor: Annotated[str | None, Query(max_length=200, description="Who: `ann`, or `key ci`.")] = None,
    subject: Annotated[
        str | None, Query(max_length=200, description="The id of an alert, silence, notification or key, or a user.")
    ] = None,
    action: Annotated[Action | None, Query(description="What was done.")] = None,
    before: Annotated[
        int | None, Query(ge=1, le=2**62, description="The `number` of the last entry of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most.")] = 100,
) -> Json:
    """Return entries of the audit trail, newest first: who did what, when and from where.

    The next page begins with `before` set to the last `number` of this one.
    """
    if who.environments is not None:
        raise Problem(403, f"The audit trail is of all environments, and {who.name} is for some. Use another key.")
    with engine.store.reading() as tx:
        entries = tx.audit(actor=actor, subject=subject, action=action, before=before, limit=limit)
    return Json([whole(entry) for entry in entries])
