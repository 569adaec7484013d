"""Every exception that Tocsin raises.

    TocsinError
    ├── ConfigError            what is configured cannot be used
    ├── StoreError             the database cannot be read or written
    │   └── StoreLocked        another process holds it for longer than the patience allows
    ├── SpoolError             an event file cannot be written or read
    ├── NotFound               no run, alert or channel has that name
    ├── Refused                what was asked for cannot be done to it as it is now
    └── DeliveryError          a channel could not hand a message over

A message says what happened, what was found and what to type. None of these reaches the code of a pipeline:
in the user's process Tocsin logs a warning to the `tocsin` logger and goes on.
"""

from __future__ import annotations


class TocsinError(Exception):
    """Base of all errors; catch it to catch every one of them."""


class ConfigError(TocsinError):
    """A configuration that cannot be used; the message names file, key, value and remedy."""


class StoreError(TocsinError):
    """The store cannot be opened, read or written."""


class StoreLocked(StoreError):
    """Another process kept the store locked for longer than the busy timeout."""


class SpoolError(TocsinError):
    """An event file cannot be written, or what was read is not an event."""


class NotFound(TocsinError):
    """Nothing has the name or id that was asked for; the message lists what exists."""


class Refused(TocsinError):
    """What was asked for cannot be done to what it was asked of, as that is now; the message says why."""


class DeliveryError(TocsinError):
    """A channel could not hand over a message.

    The engine decides by these fields and never by the text:

    Attributes:
        permanent: Trying again cannot help. With `payload` the message is refused and is sent once more as plain
            text; without it the receiver refuses us, and the channel is disabled until it is mended.
        payload: The message, and not the channel, was refused.
        ambiguous: The request may have arrived although no answer came (a read timed out). It is sent again with
            the same idempotency key.
        retry_after: Seconds the receiver asked us to wait, or None.
        hint: What the person who runs the channel should do, or an empty string.
        status: HTTP or SMTP status, or None where no answer came.
        answer: The beginning of the receiver's answer, for the delivery log.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        payload: bool = False,
        ambiguous: bool = False,
        retry_after: float | None = None,
        hint: str = "",
        status: int | None = None,
        answer: str = "",
    ) -> None:
        """Keep the fields that the engine decides by."""
        super().__init__(message)
        self.permanent = permanent
        self.payload = payload
        self.ambiguous = ambiguous
        self.retry_after = retry_after
        self.hint = hint
        self.status = status
        self.answer = answer
