"""The spool on its way to a server: what waits is sent in batches, oldest first, and removed once it was taken.

Nothing is lost or done twice by a cut in between: events keep their ids, and the server takes each of them once.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.capture.spool import Spool, text_of
from tocsin.config.model import Config
from tocsin.core.event import Event, EventType
from tocsin.core.run import Process, Run
from tocsin.core.words import count
from tocsin.engine.clock import Clock, system_clock
from tocsin.engine.gone import is_ours_to_end
from tocsin.engine.lock import HomeLock
from tocsin.engine.server_client import ServerClient
from tocsin.engine.shipment import Report, Shipment, Stop
from tocsin.engine.uplink_state import StateFile, UplinkState
from tocsin.errors import SpoolError, StoreError

#: Seconds between two looks for another process that sends, and how long one waits for it.
_BREATH, _PATIENCE = 0.02, 5.0
#: A sign of life that old comes from a process that ended without its companion; the server has judged it since.
_OLD = timedelta(days=1)
_log = logging.getLogger("tocsin")


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What was sent, and why not all."""

    events: int = 0
    #: Runs whose process has ended without a word.
    died: int = 0
    #: Events that the server will never take, now in `rejected/`.
    refused: int = 0
    #: Why the rest waits; empty where nothing went wrong.
    trouble: str = ""
    #: When it may work again without anybody's doing; None where nothing waits, or something has to be mended.
    again_in: timedelta | None = None

    def __str__(self) -> str:
        """Return "2 events sent, 1 run died"; empty where nothing was done."""
        parts = (
            (self.events, f"{count(self.events, 'event')} sent"),
            (self.died, f"{count(self.died, 'run')} died"),
            (self.refused, f"{count(self.refused, 'event')} refused"),
        )
        return ", ".join(words for number, words in parts if number)


def _not_known(_process: Process) -> None:
    return None


class Uplink:
    """Sends what is reported in one home to the configured server. Any number of processes may do that at once."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock = system_clock,
        companion_of: Process | None = None,
        ended_by: Callable[[Process], str | None] = _not_known,
    ) -> None:
        """Take a configuration with a server.

        Args:
            config: The checked configuration.
            clock: Tells the time.
            companion_of: The process beside which this one works, if it is a companion.
            ended_by: Tells what ended a process, where that is known.
        """
        server = config.server or ""
        self.config = config
        self.spool = Spool(config.home)
        self.client = ServerClient(server, config.api_key, clock)
        self._clock = clock
        self._companion_of = companion_of
        self._ended_by = ended_by
        self._file = StateFile(config.home, server, config.api_key)
        name = hashlib.sha256(f"{server}\0{config.environment}".encode(errors="replace")).hexdigest()[:8]
        self._beats = HomeLock(config.home, f"beats-{name}")
        self._has_beats = False
        #: The newest sign of life of each run that the server was told.
        self._told: dict[str, datetime] = {}
        #: See `Shipment`.
        self._not_ours: dict[str, float] = {}

    @property
    def state(self) -> UplinkState:
        """What the processes of this home know of the server."""
        return self._file.read()

    def send(self, in_hand: Sequence[Event] = (), *, budget: timedelta | None = None, force: bool = False) -> Sent:
        """Send all that waits.

        Args:
            in_hand: Events that could not be written to the spool.
            budget: After so long nothing more is waited for; None where nobody waits for us.
            force: Do not wait for the time that was set after the last failure.
        """
        end = time.monotonic() + budget.total_seconds() if budget is not None else None
        died = self._tell_died()
        before = self.state
        if not force and (left := before.waits(self._clock())):
            return Sent(died=died, trouble=before.trouble, again_in=left)
        shipment = Shipment(
            self.client,
            self.spool,
            before,
            self._clock,
            environment=self.config.environment,
            not_ours=self._not_ours,
            end=end,
        )
        try:
            shipment.send([Report(text=text_of(one).encode(), environment=_environment(one)) for one in in_hand])
            with self._alone(end):
                # What was reported meanwhile is sent too: whoever reported it may have gone, trusting us.
                while shipment.send(self._waiting()):
                    pass
            self._send_beats(shipment)
        except Stop:
            pass
        if shipment.state != before:
            self._file.write(shipment.state)
        again = shipment.state.waits(self._clock()) if shipment.trouble and shipment.passes else None
        return Sent(
            events=shipment.events, died=died, refused=shipment.refused, trouble=shipment.trouble, again_in=again
        )

    def complaint(self, sent: Sent) -> str:
        """Return what somebody has to know of what was sent: why something waits, or never will be taken."""
        if sent.refused:
            kept = self.spool.rejected
            return f"the server refused {count(sent.refused, 'event')}; what it said stands beside them in {kept}"
        if sent.trouble and (waiting := self.spool.waiting()):
            verb = "waits" if waiting == 1 else "wait"
            return f"{sent.trouble}; {count(waiting, 'event')} {verb} and will be sent later: tocsin drain"
        return ""

    def close(self) -> None:
        """Leave to others to tell that runs live."""
        self._beats.release()
        self._has_beats = False

    @contextmanager
    def _alone(self, end: float | None) -> Iterator[None]:
        """Wait for another process that empties the same spool; without time left for that, begin all the same."""
        lock = HomeLock(self.config.home, "drain")
        until = time.monotonic() + _PATIENCE
        until = min(until, end) if end is not None else until
        try:
            while not lock.take() and time.monotonic() < until:
                time.sleep(_BREATH)
        except StoreError as error:
            _log.debug("%s", error)
        try:
            yield
        finally:
            lock.release()

    def _waiting(self) -> Iterator[Report]:
        for path, text, event in self.spool.texts():
            yield Report(text=text, environment=_environment(event), path=path)

    def _send_beats(self, shipment: Shipment) -> None:
        """Send the newest snapshot of each run that goes on, where no other process of this home does.

        Raises:
            Stop: Nothing more can be sent now.
        """
        if not self._may_tell_beats():
            return
        now = self._clock()
        beats: dict[str, datetime] = {}
        reports = []
        for _, event in self.spool.heartbeats():
            run = event.run
            if run is None or run.environment != self.config.environment:
                continue
            at = beats[run.id] = run.heard_at
            if at not in {run.started_at, self._told.get(run.id)}:
                # Each has an id of its own: it is news, while the same event twice is none.
                stamped = replace(event, id=f"{event.id}-{at:%Y%m%dT%H%M%S%f}")
                text = text_of(stamped).encode()
                reports.append(Report(text=text, environment=run.environment, sign_of_life=True))
        shipment.send(reports)
        self._told = beats
        for run_id, at in beats.items():
            if now - at > _OLD:
                self.spool.still(run_id)

    def _may_tell_beats(self) -> bool:
        if not self._has_beats:
            try:
                self._has_beats = self._beats.take()
            except StoreError as error:
                _log.debug("%s", error)
                self._has_beats = True
        return self._has_beats

    def _tell_died(self) -> int:
        """Report the end of runs whose process is certainly gone; return how many.

        A run that has reported its own end meanwhile has ended with that: it goes before an assumption.
        """
        died = 0
        for path, event in self.spool.heartbeats():
            run, now = event.run, self._clock()
            if run is None or not is_ours_to_end(run, companion_of=self._companion_of, config=self.config, now=now):
                continue
            # Looked at once more: the run's own process removes it with its last report.
            if path.exists() and self._report_death(run):
                died += 1
        return died

    def _report_death(self, run: Run) -> bool:
        ended = run.died(self._ended_by(run.process) if run.process is not None else None)
        event = Event(id=f"run.died-{run.id}", type=EventType.RUN_FINISHED, at=self._clock(), run=ended)
        try:
            self.spool.put(event, durable=True)
        except SpoolError as error:
            # Its silence tells it to the server.
            _log.debug("%s", error)
            return False
        self.spool.still(run.id)
        return True


def _environment(event: Event) -> str:
    if event.run is not None:
        return event.run.environment
    if event.note is not None:
        return event.note.environment
    return event.checks[0].environment if event.checks else ""
