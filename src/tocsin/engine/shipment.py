"""One go at sending reports to a server: batches, what each answer makes of them, and when it is of no use to go on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from tocsin.capture.spool import Spool
from tocsin.channels.http import BUDGET
from tocsin.core.wire import MOST_BYTES, MOST_EVENTS
from tocsin.engine.clock import Clock
from tocsin.engine.server_client import Reply, Said, ServerClient
from tocsin.engine.uplink_state import UplinkState

#: Seconds for which events of another environment are left alone after the key was no good for them.
_NOT_OURS = 300.0


@dataclass(frozen=True, kw_only=True)
class Report:
    """One event on its way."""

    #: The event in JSON.
    text: bytes
    environment: str
    #: Its file in the spool; None for signs of life, and for what the spool could not take.
    path: Path | None = None
    #: The next one replaces it, so it is not counted and not kept.
    sign_of_life: bool = False


class Stop(Exception):  # no error: what is left waits
    """Nothing more can be sent now."""


class Shipment:
    """Sends reports until one of them cannot be sent now."""

    def __init__(
        self,
        client: ServerClient,
        spool: Spool,
        state: UplinkState,
        clock: Clock,
        *,
        environment: str,
        not_ours: dict[str, float],
        end: float | None,
    ) -> None:
        """Prepare.

        Args:
            client: The server.
            spool: Where events are removed once they were taken, and set aside where they never will be.
            state: What is known of the server.
            clock: Tells the time.
            environment: The one that the key is for; where the server wants no events of another, those are left out.
            not_ours: Such environments, and until when on the monotonic clock; written here.
            end: When the time is over, on the monotonic clock; None where nobody waits for us.
        """
        self.state = state
        self.events = 0
        self.refused = 0
        self.trouble = ""
        #: Whether the trouble may be over soon, without anybody's doing.
        self.passes = True
        self._client = client
        self._spool = spool
        self._clock = clock
        self._environment = environment
        self._not_ours = not_ours
        self._end = end

    def send(self, reports: Iterable[Report]) -> int:
        """Send reports in batches, each of one environment, and return how many are done with.

        Raises:
            Stop: Nothing more can be sent now; `trouble` says why.
        """
        before = self.events + self.refused
        batches: dict[str, list[Report]] = {}
        for report in reports:
            if self._not_ours.get(report.environment, 0) > time.monotonic():
                continue
            batch = batches.setdefault(report.environment, [])
            if batch and (
                len(batch) == MOST_EVENTS or sum(len(one.text) for one in batch) + len(report.text) > MOST_BYTES
            ):
                self._deliver(batch)
                batch.clear()
            batch.append(report)
        for batch in batches.values():
            if batch:
                self._deliver(batch)
        return self.events + self.refused - before

    def _deliver(self, batch: Sequence[Report]) -> None:
        """Send one batch; one that holds what the server cannot take is halved until that is found."""
        reply = self._ask(batch)
        if reply.said is Said.TAKEN:
            self.events += sum(not report.sign_of_life for report in batch)
            for report in batch:
                if report.path is not None:
                    self._spool.done(report.path)
        elif reply.said is Said.UNFIT and len(batch) > 1:
            half = len(batch) // 2
            self._deliver(batch[:half])
            self._deliver(batch[half:])
        elif reply.said is Said.UNFIT:
            self.refused += not batch[0].sign_of_life
            if (path := batch[0].path) is not None:
                self._spool.reject(path, reply.why)
        elif reply.status == HTTPStatus.FORBIDDEN and batch[0].environment != self._environment:
            # Programs of several environments may share a home, each with a key of its own.
            self._not_ours[batch[0].environment] = time.monotonic() + _NOT_OURS
        else:
            self._give_up(reply)

    def _ask(self, batch: Sequence[Report]) -> Reply:
        if self.state.clock_here is None:
            # Asked first: it corrects what the first events tell. Without an answer to that there is no hurry.
            reply = self._client.ask_time(budget=self._left())
            self.state = self.state.measured(reply)
            if reply.said is Said.LATER:
                return reply
        ahead = self.state.ahead(self._clock())
        reply = self._client.send([one.text for one in batch], ahead=ahead, budget=self._left())
        self.state = self.state.measured(reply)
        if reply.said in {Said.TAKEN, Said.UNFIT}:
            self.state = self.state.worked()
        return reply

    def _give_up(self, reply: Reply) -> None:
        self.state = self.state.failed(reply, self._clock())
        self.trouble = reply.why
        self.passes = reply.said is Said.LATER
        raise Stop

    def _left(self) -> float:
        """Return the seconds that the next request may take.

        Raises:
            Stop: None are left.
        """
        left = self._end - time.monotonic() if self._end is not None else BUDGET
        if left <= 0:
            self.trouble = "there was no time left for it"
            raise Stop
        return min(left, BUDGET)
