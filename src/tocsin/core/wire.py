"""What a pipeline's machine and a server have agreed on."""

from __future__ import annotations

EVENTS_PATH = "/api/v1/events"
CLOCK_PATH = "/api/v1/clock"
#: By how many seconds the sender's clock is ahead of the server's; a negative number where it is behind.
CLOCK_AHEAD = "Tocsin-Clock-Ahead"
#: The server's clock, in the JSON object of each answer to events and to a question for the time: ISO 8601 with a zone.
SERVER_TIME = "time"
#: Events of one request, and bytes of them before they are packed. A larger event goes alone.
MOST_EVENTS = 500
MOST_BYTES = 1_000_000
