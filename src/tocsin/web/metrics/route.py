"""Where Prometheus asks."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tocsin.web.api.seen import Reader
from tocsin.web.problem import Problem
from tocsin.web.server import ThisServer

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Tell Prometheus how it goes",
    response_class=Response,
    responses={200: {"description": "Metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request, server: ThisServer, actor: Reader) -> Response:
    """Return metrics in the text format of Prometheus, or in OpenMetrics where that is accepted."""
    if actor.environments is not None:
        raise Problem(403, f"Metrics tell of all environments, and {actor.name} is for some. Make a key for all.")
    text, kind = server.metrics.text(request.headers.get("accept", ""))
    return Response(text, headers={"Content-Type": kind})
