"""The server's clock, for those who report moments of their own."""

from __future__ import annotations

from fastapi import APIRouter

from tocsin.core.wire import CLOCK_PATH, SERVER_TIME
from tocsin.web.server import OpenEngine

router = APIRouter(tags=["events"])


@router.get(CLOCK_PATH, summary="Tell what time it is")
async def clock(engine: OpenEngine) -> dict[str, str]:
    """Tell what time it is here, so that a sender finds out by how much its own clock is ahead."""
    return {SERVER_TIME: engine.clock().isoformat()}
