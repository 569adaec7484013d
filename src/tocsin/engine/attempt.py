"""One try to hand a message over, and what is known of it afterwards."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tocsin.channels.base import Outgoing
from tocsin.core.outbox import Delivery, Receipt
from tocsin.engine.engine import ConfiguredChannel
from tocsin.errors import DeliveryError

#: Characters of an answer that the delivery log keeps.
_KEPT = 500
_log = logging.getLogger("tocsin")


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A try that has ended."""

    delivery: Delivery
    #: What the channel returned, or why it was not accepted.
    result: Receipt | DeliveryError


def hand_over(configured: ConfiguredChannel, outgoing: Outgoing, clock: Callable[[], datetime]) -> Attempt:
    """Send one message and return what came of it; a fault in a channel is a refusal like others."""
    began, started = clock(), time.monotonic()
    result: Receipt | DeliveryError
    try:
        result = configured.channel.send(outgoing)
    except DeliveryError as error:
        result = error
    except Exception as error:  # noqa: BLE001  # a fault in one channel must not stop the others
        # The text of an error that nobody foresaw may hold an address, and other channels are told of this.
        _log.debug("details", exc_info=error)
        result = DeliveryError(f"the channel itself failed with {type(error).__name__}", permanent=True, payload=True)
    accepted = isinstance(result, Receipt)
    answer = result.answer if isinstance(result, Receipt) else _said(result)
    delivery = Delivery(
        notification_id=outgoing.key,
        channel=configured.config.name,
        at=began,
        took_ms=round((time.monotonic() - started) * 1000),
        ok=accepted,
        status=result.status,
        answer=answer[:_KEPT],
    )
    return Attempt(delivery=delivery, result=result)


def _said(error: DeliveryError) -> str:
    """Return all that is known of a failed attempt."""
    return "; ".join(part for part in (str(error), error.answer, error.hint) if part)
