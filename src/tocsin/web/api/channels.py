"""Channels: whether they work, and a test message."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from tocsin.core.outbox import Delivery
from tocsin.documents.channels import ChannelView, channel_views
from tocsin.engine.channel_test import Tested, try_channel
from tocsin.web.api.answer import Json, problems
from tocsin.web.api.seen import Doer, Reader
from tocsin.web.server import OpenEngine, ThisServer

router = APIRouter(prefix="/api/v1/channels", tags=["channels"])


class TestedDocument(BaseModel):
    """What came of a test message."""

    delivery: Delivery
    was_disabled: str | None = Field(description="Why the channel was disabled until now; null where it was not.")


@router.get("", operation_id="list_channels", summary="List channels", response_model=list[ChannelView])
def list_channels(engine: OpenEngine, _actor: Reader) -> Json:
    """Return the configured channels, whether they work, and how many messages wait for them."""
    with engine.store.reading() as tx:
        return Json([view.document() for view in channel_views(engine, tx)])


@router.post(
    "/{channel}/test",
    operation_id="test_channel",
    summary="Send a test message",
    response_model=TestedDocument,
    responses=problems({404: "There is no such channel.", 409: "Its settings are wrong."}),
)
def test_channel(
    server: ThisServer, actor: Doer, channel: Annotated[str, Path(max_length=500, examples=["ops"])]
) -> Json:
    """Send a real message through a channel and return the receiver's answer, which may be a refusal.

    A channel that was disabled and takes it is enabled, and what waits for it is sent.
    """
    tested: Tested = try_channel(server.engine, channel, by=actor.name, origin=actor.origin)
    server.wake()
    return Json({"delivery": tested.delivery, "was_disabled": tested.was_disabled})
